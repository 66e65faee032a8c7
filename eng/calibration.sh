#!/bin/sh
# Measures every instrument anew, in MINUTES (20 unless given): phantoms/calibration.json, the power curves, and the
# calibration part of each method's page. To be run after a change of an instrument, and its result committed.
set -eu
cd "$(dirname "$0")/.."
dotnet build src/Plumbline.Cli -c Release -m:1 -v q
dotnet artifacts/bin/Plumbline.Cli/release/Plumbline.Cli.dll calibrate --budget "${1:-20}" --write phantoms/calibration.json --curves docs/curves
dotnet run eng/calibration-pages.cs
