#!/bin/sh
# The memory test at full size: 500,000 samples stay under 300 MB.
set -eu
cd "$(dirname "$0")/.."
PLUMBLINE_SAMPLES=500000 exec dotnet run --project test/Plumbline.Cli.Tests -c Release -- --filter-method '*Assess_ManySamples_KeepsMemoryFlat' --output Detailed
