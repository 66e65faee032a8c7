using Microsoft.AspNetCore.Http;

namespace Plumbline.Cli.Serving;

/// <summary>A request that is answered with OpenAI's error object: HTTP status, what is wrong, and the parameter at fault.</summary>
internal sealed class ServerFault(int status, string message, string? param = null, string? code = null) : Exception(message)
{
    public int Status { get; } = status;

    public string? Param { get; } = param;

    public string? Code { get; } = code;

    /// <summary>OpenAI's name for the class of the error.</summary>
    public string Type => Status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    /// <summary>A parameter that is malformed or out of its range.</summary>
    public static ServerFault Invalid(string param, string message, string code = "invalid_value") => new(StatusCodes.Status400BadRequest, message, param, code);

    /// <summary>The prompt leaves no room for an answer.</summary>
    public static ServerFault TooLong(string param, string message) => new(StatusCodes.Status400BadRequest, message, param, "context_length_exceeded");

    /// <summary>A parameter that this server does not honour, so that ignoring it would mislead.</summary>
    public static ServerFault Unsupported(string param, string message) => new(StatusCodes.Status400BadRequest, message, param, "unsupported_parameter");
}
