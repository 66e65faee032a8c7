using Plumbline.Endpoints;

namespace Plumbline.Cli;

/// <summary>An endpoint's address as a run may keep it: without user, password and the values of parameters that look secret.</summary>
internal static class KeptAddress
{
    private const string Mask = "[redacted]";

    /// <summary>The address as given where nothing in it is secret, else with a mask in each secret's place; other targets as they are.</summary>
    public static string Of(string target)
    {
        if (!target.StartsWith("http", StringComparison.OrdinalIgnoreCase) || !Uri.TryCreate(target, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https")) return target;
        string shown = EndpointAddress.Parse(target).Show(new Uri($"{uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.PathAndQuery, UriFormat.UriEscaped)}"));
        return uri.UserInfo.Length > 0 ? shown.Replace("://", $"://{Mask}@", StringComparison.Ordinal)
            : shown.Contains(Mask, StringComparison.Ordinal) ? shown : target;
    }

    /// <summary>Whether something is masked, so that the address must be given again.</summary>
    public static bool IsMasked(string? target) => target?.Contains(Mask, StringComparison.Ordinal) == true;
}
