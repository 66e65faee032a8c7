#!/bin/sh
# The checks that CI runs on a small budget, at full size: 500,000 samples under 300 MB; twenty seeds of the main job,
# each plant found and nothing on the twin; the whole of the real model's reference values and the classifier trained anew;
# 100,000 mutated files a format; the packages. About half an hour on two cores.
set -eu
cd "$(dirname "$0")/.."
export PLUMBLINE_SAMPLES=500000 PLUMBLINE_SEEDS=20 PLUMBLINE_SLOW=1
dotnet build Plumbline.slnx -c Release
tests=artifacts/bin/Plumbline.Cli.Tests/release/Plumbline.Cli.Tests
"$tests" -method '*Assess_ManySamples_KeepsMemoryFlat' -showLiveOutput
"$tests" -class '*PhantomPairTests' -showLiveOutput
artifacts/bin/Plumbline.Measure.Tests/release/Plumbline.Measure.Tests
dotnet run -c Release --project eng/fuzz
sh eng/check-packages.sh
