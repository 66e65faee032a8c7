using System.Diagnostics;
using System.Text.Json;

namespace Plumbline.Bench.Engine;

/// <summary>promptfoo on the same endpoint with the same prompts and concurrency, its cache, telemetry, update check and progress bar off.</summary>
internal static class Promptfoo
{
    /// <summary>Prompts a second.</summary>
    public static Task<double> MeasureAsync(string installed, string folder, EndpointServer server, string[] prompts, int concurrency)
    {
        string file = Path.Combine(folder, "promptfoo.json");
        using (FileStream stream = File.Create(file))
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteStartArray("prompts");
            json.WriteStringValue("{{question}}");
            json.WriteEndArray();
            json.WriteStartArray("providers");
            json.WriteStartObject();
            json.WriteString("id", "openai:chat:m");
            json.WriteStartObject("config");
            json.WriteString("apiBaseUrl", server.Address);
            json.WriteString("apiKey", "none");
            json.WriteNumber("temperature", 0);
            json.WriteNumber("max_tokens", 256);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteStartArray("tests");
            foreach (string prompt in prompts)
            {
                json.WriteStartObject();
                json.WriteStartObject("vars");
                json.WriteString("question", prompt);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        ProcessStartInfo start = new("node",
        [
            Path.Combine(installed, "node_modules", "promptfoo", "dist", "src", "entrypoint.js"), "eval", "-c", file, "--max-concurrency", $"{concurrency}",
            "--no-cache", "--no-progress-bar", "--no-table", "--no-share", "-o", Path.Combine(folder, "promptfoo-results.json"),
        ])
        { RedirectStandardOutput = true, UseShellExecute = false, WorkingDirectory = folder };
        start.Environment["PROMPTFOO_DISABLE_TELEMETRY"] = "1";
        start.Environment["PROMPTFOO_DISABLE_UPDATE"] = "1";
        start.Environment["PROMPTFOO_DISABLE_REMOTE_GENERATION"] = "1";
        start.Environment["PROMPTFOO_CONFIG_DIR"] = Path.Combine(folder, "promptfoo");
        start.Environment["HTTP_PROXY"] = start.Environment["HTTPS_PROXY"] = start.Environment["http_proxy"] = start.Environment["https_proxy"] = "";
        return Timed.RunAsync(start, server, prompts.Length);
    }
}
