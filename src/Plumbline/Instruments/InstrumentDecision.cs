namespace Plumbline.Instruments;

/// <summary>What a user decides by a method's figures: the decision whose power and false alarms were measured.</summary>
public enum InstrumentDecision
{
    /// <summary>Whether a run's figure lies beyond its threshold.</summary>
    Finding,

    /// <summary>Whether a figure changed between two runs, as `plumbline compare` says.</summary>
    Comparison,
}
