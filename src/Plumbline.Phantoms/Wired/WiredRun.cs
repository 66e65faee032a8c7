namespace Plumbline.Phantoms.Wired;

/// <summary>What a program computes on one prompt.</summary>
/// <param name="States">After the embedding and after each layer: [layers + 1][pos][coordinate].</param>
/// <param name="Patterns">Attention: [layer][head][query][key]; null for heads without an entry.</param>
/// <param name="Logits">[pos][token].</param>
/// <param name="Margin">The smallest distance of a neuron's reading from 0, exact zeros apart; below one quarter an activation is not exact.</param>
/// <param name="Gap">The smallest distance of a lookup's best match from the next worse one; below one half a lookup is not exact.</param>
internal sealed record WiredRun(double[][][] States, double[]?[][][] Patterns, double[][] Logits, double Margin, double Gap);
