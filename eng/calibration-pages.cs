// Writes the calibration part of each page under docs/methods from phantoms/calibration.json.
//
//   dotnet run eng/calibration-pages.cs
#:project ../src/Plumbline/Plumbline.csproj
#:property PublishAot=false
using Plumbline.Instruments;

string root = Directory.GetCurrentDirectory();
while (!File.Exists(Path.Combine(root, "Plumbline.slnx"))) root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("Run this inside the repository.");
CalibrationFile file = CalibrationFile.Load(Path.Combine(root, "phantoms", "calibration.json"));
int pages = 0;
foreach (string method in file.Calibrations.Select(c => c.Method).Distinct(StringComparer.Ordinal))
{
    string path = Path.Combine(root, "docs", "methods", $"{method}.md"), before = File.ReadAllText(path);
    string after = CalibrationPage.Update(before, method, file);
    if (after == before) continue;
    File.WriteAllText(path, after);
    pages++;
}

Console.WriteLine($"{pages} pages written");
