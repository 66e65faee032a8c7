namespace Plumbline.Phantoms.Wired;

/// <summary>A neuron: where <see cref="Read"/> is above 0, so much of <see cref="Write"/> is added.</summary>
/// <param name="Layer">Its layer.</param>
/// <param name="Index">Its place in the MLP.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Read">A linear function of the coordinates, the constant one among them; beyond one quarter from 0 the activation is exact.</param>
/// <param name="Write">What is added for each unit.</param>
internal sealed record WiredNeuron(int Layer, int Index, string Name, Vector Read, Vector Write);
