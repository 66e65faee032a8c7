namespace Plumbline.Models.Inference;

/// <summary>Ids whose log-probabilities are asked for, and those before them. With no context the first id of the continuation is not scored.</summary>
public sealed record TokenQuery(IReadOnlyList<int> Context, IReadOnlyList<int> Continuation);

/// <summary>
/// Natural log-probabilities of the scored ids of a continuation, their exact sum, and for each how many ids were likelier.
/// </summary>
public sealed record TokenScore(double LogProb, IReadOnlyList<double> TokenLogProbs, IReadOnlyList<int> Ranks)
{
    /// <summary>Whether every id was the likeliest at its place.</summary>
    public bool Greedy => Ranks.All(rank => rank == 0);
}
