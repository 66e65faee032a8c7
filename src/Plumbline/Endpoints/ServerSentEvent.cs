namespace Plumbline.Endpoints;

/// <summary>One dispatched event of an event stream: its type ("message" unless named), its data lines joined by line feeds, and the last id seen.</summary>
public readonly record struct ServerSentEvent(string Event, string Data, string Id);
