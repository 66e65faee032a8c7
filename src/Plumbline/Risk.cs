namespace Plumbline;

/// <summary>A node of the survey's taxonomy.</summary>
public sealed record Risk(string Id);
