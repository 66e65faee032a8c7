#!/bin/sh
# The checks that CI runs on a small budget, at full size: 500,000 samples under 300 MB; twenty seeds of the main job,
# each plant found and nothing on the twin; the whole of the real model's reference values and the classifier trained anew;
# the trained family made anew; 100,000 mutated files a format; the packages. About an hour on two cores.
set -eu
cd "$(dirname "$0")/.."
export PLUMBLINE_SAMPLES=500000 PLUMBLINE_SEEDS=20 PLUMBLINE_SLOW=1
dotnet build Plumbline.slnx -c Release
tests=artifacts/bin/Plumbline.Cli.Tests/release/Plumbline.Cli.Tests
"$tests" -method '*Assess_ManySamples_KeepsMemoryFlat' -showLiveOutput
"$tests" -class '*PhantomPairTests' -showLiveOutput
"$tests" -class '*TrainedFamilyTests' -showLiveOutput
artifacts/bin/Plumbline.Measure.Tests/release/Plumbline.Measure.Tests
artifacts/bin/Plumbline.Torch.Tests/release/Plumbline.Torch.Tests
# Each recipe of the family again, at full size, and the smallest twice: the same bytes.
made=$(mktemp -d)
plumbline="dotnet exec artifacts/bin/Plumbline.Cli/release/Plumbline.Cli.dll"
for recipe in phantoms/family/*/recipe.yaml; do
  $plumbline phantom make "$(basename "$(dirname "$recipe")")" --out "$made/$(basename "$(dirname "$recipe")")" --quiet
done
$plumbline phantom make watermark --out "$made/again" --quiet
cmp "$made/watermark/planted/model.safetensors" "$made/again/planted/model.safetensors"
cmp "$made/watermark/clean/card.json" "$made/again/clean/card.json"
rm -rf "$made"
dotnet run -c Release --project eng/fuzz
sh eng/check-packages.sh
