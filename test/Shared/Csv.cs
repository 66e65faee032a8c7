using System.Text;

namespace Plumbline.Tests;

/// <summary>Reads RFC 4180 text for reference data; the first row names the columns.</summary>
internal static class Csv
{
    public static IEnumerable<Dictionary<string, string>> Read(string path)
    {
        string[]? header = null;
        foreach (string[] row in Rows(File.ReadAllText(path)))
        {
            if (header is null) header = row;
            else if (row.Length == header.Length) yield return header.Zip(row).ToDictionary(p => p.First, p => p.Second);
        }
    }

    private static IEnumerable<string[]> Rows(string text)
    {
        List<string> row = [];
        StringBuilder field = new();
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quoted)
            {
                if (c != '"') field.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"') field.Append(text[i++]);
                else quoted = false;
            }
            else if (c == '"')
            {
                quoted = true;
            }
            else if (c is ',' or '\n')
            {
                row.Add(field.ToString().TrimEnd('\r'));
                field.Clear();
                if (c == ',') continue;
                yield return [.. row];
                row.Clear();
            }
            else
            {
                field.Append(c);
            }
        }

        if (field.Length > 0 || row.Count > 0) yield return [.. row, field.ToString()];
    }
}
