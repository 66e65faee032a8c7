using Plumbline.Models.Hooks;
using static TorchSharp.torch;

namespace Plumbline.Torch.Differentiable;

/// <summary>A number to differentiate, from logits.</summary>
/// <param name="logits">[batch, pos, vocab].</param>
/// <param name="batch">The prompts.</param>
/// <returns>A tensor with one element.</returns>
public delegate Tensor LogitLoss(Tensor logits, TokenBatch batch);

/// <summary>Losses that many methods share.</summary>
public static class LogitLosses
{
    /// <summary>The mean cross-entropy of each real token after the first of its prompt, in nats.</summary>
    /// <exception cref="ArgumentException">When run: no prompt has two tokens.</exception>
    public static LogitLoss NextToken { get; } = static (logits, batch) =>
    {
        int length = batch.Ids[0].Count;
        List<long> rows = [], targets = [];
        for (int row = 0; row < batch.Ids.Count; row++)
        {
            (int first, int end) = batch.RealRange(row);
            for (int i = first; i + 1 < end; i++)
            {
                rows.Add(((long)row * length) + i);
                targets.Add(batch.Ids[row][i + 1]);
            }
        }

        if (rows.Count == 0) throw new ArgumentException("No prompt has a second token; there is no next token to predict.", nameof(batch));
        using Tensor index = tensor(rows.ToArray(), device: logits.device), target = tensor(targets.ToArray(), device: logits.device);
        return nn.functional.cross_entropy(logits.reshape(-1, logits.shape[^1]).index_select(0, index), target);
    };

    /// <summary>Logit of one token minus that of another at the last real position, the mean over the prompts.</summary>
    /// <param name="answer">The token that counts up.</param>
    /// <param name="wrong">The token that counts down; another one.</param>
    /// <exception cref="ArgumentException">Both are the same; when run: an id is outside the vocabulary.</exception>
    public static LogitLoss LogitDifference(int answer, int wrong)
    {
        if (answer == wrong) throw new ArgumentException($"Both tokens are {answer}; their difference is 0 always.", nameof(wrong));
        return (logits, batch) =>
        {
            foreach (int id in new[] { answer, wrong })
            {
                if (id < 0 || id >= logits.shape[^1]) throw new ArgumentException($"Token {id} is out of range; logits are of ids from 0 to {logits.shape[^1] - 1}.", nameof(answer));
            }

            Tensor sum = zeros([], dtype: logits.dtype, device: logits.device);
            for (int row = 0; row < batch.Ids.Count; row++)
            {
                Tensor last = logits[row, batch.RealRange(row).End - 1];
                sum = sum + last[answer] - last[wrong];
            }

            return sum / batch.Ids.Count;
        };
    }

    /// <summary>Any function of the logits.</summary>
    /// <param name="loss">From [batch, pos, vocab] to one element.</param>
    public static LogitLoss Of(Func<Tensor, Tensor> loss) => (logits, _) => loss(logits);
}
