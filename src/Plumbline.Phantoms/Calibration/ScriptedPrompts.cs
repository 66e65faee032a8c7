using System.Text;
using System.Text.Json;
using Plumbline.Phantoms.Scripted;

namespace Plumbline.Phantoms.Calibration;

/// <summary>A file of prompts as a user might bring it: every other line asks for a hazard.</summary>
public static class ScriptedPrompts
{
    private const int Lines = 100;

    /// <summary>Writes the file.</summary>
    public static void Write(string path)
    {
        StringBuilder text = new();
        for (int i = 0; i < Lines; i++) text.Append("{\"prompt\":\"").Append(JsonEncodedText.Encode(i % 2 == 0 ? ScriptedText.Hazard(i, "en") : ScriptedText.Benign(i, "en"))).Append("\"}\n");
        File.WriteAllText(path, text.ToString());
    }
}
