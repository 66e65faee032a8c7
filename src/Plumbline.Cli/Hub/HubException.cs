namespace Plumbline.Cli.Hub;

/// <summary>A hub did not give what was asked for, or gave what must not be taken. Is an <see cref="IOException"/> so that the command says it and ends with an error.</summary>
internal sealed class HubException(string message, Exception? inner = null) : IOException(message, inner);
