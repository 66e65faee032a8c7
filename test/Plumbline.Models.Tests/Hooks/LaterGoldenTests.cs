namespace Plumbline.Models.Tests.Hooks;

/// <summary>Files of golden/whitebox that no test asserts yet, each with the reason.</summary>
public sealed class LaterGoldenTests
{
    [Theory]

    [InlineData("processing.json (all but the raw weights)", "folding of norms and centring of weights is not written")]
    [InlineData("path-patching.json", "inputs of single heads (hook_q_input and its like) are no hooks yet")]
    [InlineData("edges.json", "needs gradients and inputs of single heads")]
    [InlineData("attribution.json", "needs gradients; direct attribution belongs to the explaining library")]
    [InlineData("lens.json, circuits.json, heads.json, icl.json, neurons.json, overthinking.json, safety-heads.json (sahara, weightEdit)", "belong to the explaining library, which builds on these hooks")]
    public void Golden_File_IsNotAssertedYet(string file, string reason) => Assert.Skip($"{file}: {reason}");
}
