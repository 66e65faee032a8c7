#!/bin/sh
# Packs every package and looks inside: README, licence, symbols, the commit; the tool's size; and that the tool, installed from
# the folder of packages alone, assesses a phantom. Usage: eng/check-packages.sh [FOLDER]   (default: artifacts/packages)
set -eu
cd "$(dirname "$0")/.."
folder=${1:-artifacts/packages}
largest=41943040 # bytes of the tool: 40 MiB, far below the public gallery's limit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "check-packages: $*" >&2; exit 1; }

rm -rf "$folder"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

# All projects of src/, without the tests.
{
  printf '{ "solution": { "path": "%s", "projects": [' "$PWD/Plumbline.slnx"
  separator=
  for project in src/*/*.csproj; do
    printf '%s"%s"' "$separator" "$project"
    separator=', '
  done
  printf '] } }\n'
} > "$work/packages.slnf"
dotnet pack "$work/packages.slnf" -c Release -o "$folder" --nologo -v quiet -clp:ErrorsOnly || fail "packing failed"

commit=$(git rev-parse HEAD)
for project in src/*/*.csproj; do
  grep -q '<IsPackable>true</IsPackable>' "$project" || continue
  id=$(sed -n 's:.*<PackageId>\(.*\)</PackageId>.*:\1:p' "$project")
  [ -n "$id" ] || id=$(basename "$project" .csproj)
  package=$(ls "$folder/$id".[0-9]*.nupkg 2>/dev/null) || fail "$project gave no package $id"
  symbols=${package%.nupkg}.snupkg
  [ -f "$symbols" ] || fail "$id has no symbol package"
  mkdir "$work/$id" "$work/$id-symbols"
  unzip -q "$package" -d "$work/$id"
  unzip -q "$symbols" -d "$work/$id-symbols"
  spec="$work/$id/$id.nuspec"
  [ -s "$work/$id/README.md" ] || fail "$id has no README"
  [ -s "$work/$id/LICENSE" ] || fail "$id has no LICENSE"
  grep -q '<readme>README.md</readme>' "$spec" || fail "$id does not name its README"
  grep -q '<license type="expression">MIT</license>' "$spec" || fail "$id does not name its licence"
  grep -q '<tags>[^<]' "$spec" || fail "$id has no tags"
  grep -q '<description>[^<]' "$spec" && ! grep -q '<description>Package Description</description>' "$spec" || fail "$id has no description"
  grep -q "<repository [^>]*commit=\"$commit\"" "$spec" || fail "$id does not name the commit $commit"
  ! grep -q 'id="libtorch' "$spec" || fail "$id depends on the libtorch of one system"
  find "$work/$id" -name 'Plumbline*.dll' | while read -r assembly; do
    name=$(basename "$assembly" .dll)
    find "$work/$id-symbols" -name "$name.pdb" | grep -q . || { echo "$name.pdb"; }
  done > "$work/missing"
  [ ! -s "$work/missing" ] || fail "$id lacks symbols: $(tr '\n' ' ' < "$work/missing")"
  echo "$id: $(wc -c < "$package" | tr -d ' ') bytes"
done

tool=$(ls "$folder"/plumbline.[0-9]*.nupkg)
[ "$(wc -c < "$tool")" -lt "$largest" ] || fail "the tool has $(wc -c < "$tool") bytes, the limit is $largest"

# Only the folder is a source, so nothing else can be fetched; a cache of its own, so that an older package cannot stand in.
cat > "$work/nuget.config" <<CONFIG
<configuration>
  <packageSources>
    <clear />
    <add key="packages" value="$folder" />
  </packageSources>
</configuration>
CONFIG
version=$(basename "$tool" .nupkg)
version=${version#plumbline.}
NUGET_PACKAGES="$work/cache" dotnet tool install plumbline --version "$version" --tool-path "$work/tool" --configfile "$work/nuget.config" > "$work/install" 2>&1 || { cat "$work/install"; fail "the tool does not install"; }
(cd "$work" && ./tool/plumbline assess phantom:scripted --quiet --json --limit 50 > assessed.json) || fail "the installed tool does not assess"
grep -q '"exit": *0' "$work/assessed.json" || fail "the assessment did not end with 0"
"$work/tool/plumbline" methods --json > "$work/methods.json" && grep -q '"jailbreak"' "$work/methods.json" || fail "the installed tool lists no methods"
echo "the tool installs from its folder and assesses a phantom"
