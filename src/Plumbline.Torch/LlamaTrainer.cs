using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TorchSharp;
using static TorchSharp.torch;

namespace Plumbline.Torch;

/// <summary>
/// Trains a network on packed batches, one step a batch, in their order. A run that was killed resumes at its last
/// checkpoint and ends with the bytes of an uninterrupted one; the same seed, batches, options and machine give the same bytes.
/// </summary>
public static class LlamaTrainer
{
    /// <summary>Trains, or resumes where the checkpoint of the same training stands.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="batches">One step each.</param>
    /// <param name="options">Optimiser, threads and files.</param>
    /// <param name="clock">For progress only.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    /// <returns>The trained network; the caller disposes it.</returns>
    /// <exception cref="InvalidDataException">The checkpoint belongs to another training, or is damaged.</exception>
    /// <exception cref="TrainingDivergedException">A loss or gradient is no number any more; the last checkpoint holds finite weights.</exception>
    public static LlamaNetwork Train(
        LlamaShape shape, IReadOnlyList<PackedBatch> batches, LlamaTrainerOptions options,
        TimeProvider? clock = null, Action<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(batches);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        clock ??= TimeProvider.System;
        TorchRuntime.EnsureLoaded();
        set_num_threads(options.Threads);

        LlamaNetwork network = LlamaNetwork.Initialise(shape, options.Seed, options.Device);
        Tensor[] first = [.. network.Parameters.Select(p => zeros_like(p).DetachFromDisposeScope())];
        Tensor[] second = [.. network.Parameters.Select(p => zeros_like(p).DetachFromDisposeScope())];
        try
        {
            string fingerprint = Fingerprint(shape, batches, options);
            int start = options.CheckpointPath is { } saved && File.Exists(saved) ? Restore(saved, fingerprint, network, first, second) : 0;
            using LossLog? losses = options.LossPath is { } log ? LossLog.Open(log, start) : null;
            long began = clock.GetTimestamp(), tokens = 0;
            for (int step = start; step < batches.Count; step++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                PackedBatch batch = batches[step];
                double rate = options.RateAt(step, batches.Count);
                (float loss, double norm) = Step(network, first, second, batch, step, rate, options);
                if (!float.IsFinite(loss) || !double.IsFinite(norm)) throw new TrainingDivergedException(step, loss, norm, rate);
                tokens += batch.Tokens;
                losses?.Add(step, loss, rate, batch.Tokens);
                if (options.CheckpointPath is { } path && ((step + 1) % options.CheckpointEvery == 0 || step + 1 == batches.Count))
                {
                    losses?.Flush();   // before the state: a resume finds at least the lines of the steps that it skips
                    Save(path, fingerprint, step + 1, network, first, second);
                }

                if (progress is not null)
                {
                    TimeSpan elapsed = clock.GetElapsedTime(began);
                    double left = elapsed.TotalSeconds / (step + 1 - start) * (batches.Count - step - 1);
                    progress(new TrainingProgress(step + 1, batches.Count, loss, rate, tokens, tokens / Math.Max(elapsed.TotalSeconds, 1e-9), TimeSpan.FromSeconds(left)));
                }
            }

            losses?.Draw();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
        finally
        {
            foreach (Tensor t in first) t.Dispose();
            foreach (Tensor t in second) t.Dispose();
        }
    }

    /// <summary>The mean cross-entropy, in nats, over a batch's counted ids; a tensor without dimensions.</summary>
    internal static Tensor Loss(LlamaNetwork network, PackedBatch batch)
    {
        int rows = batch.Rows, length = batch.Length;
        var places = new List<long>();
        var targets = new List<long>();
        for (int at = 0; at < batch.Ids.Length; at++)
        {
            if (at % length == length - 1 || !batch.Counted[at + 1] || batch.Documents[at] != batch.Documents[at + 1]) continue;
            places.Add(at);
            targets.Add(batch.Ids[at + 1]);
        }

        if (places.Count == 0) throw new ArgumentException("A batch has no id that counts.", nameof(batch));
        using DisposeScope scope = NewDisposeScope();
        Device device = network.Device;
        Tensor ids = tensor(Array.ConvertAll(batch.Ids, i => (long)i), [rows, length], device: device);
        Tensor owner = tensor(batch.Documents, [rows, length], device: device);
        Tensor mask = owner.unsqueeze(2).eq(owner.unsqueeze(1)).logical_and(ones(length, length, dtype: ScalarType.Bool, device: device).tril()).unsqueeze(1);   // [row, 1, query, key]
        Tensor hidden = network.Forward(ids, mask).view(-1, network.Shape.HiddenSize).index_select(0, tensor(places.ToArray(), device: device));
        return nn.functional.cross_entropy(network.Logits(hidden), tensor(targets.ToArray(), device: device)).MoveToOuterDisposeScope();
    }

    /// <summary>One step; where the loss or the gradient is not finite the weights stay as they were.</summary>
    private static (float Loss, double GradientNorm) Step(LlamaNetwork network, Tensor[] first, Tensor[] second, PackedBatch batch, int step, double rate, LlamaTrainerOptions options)
    {
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<Tensor> parameters = network.Parameters;
        Tensor loss = Loss(network, batch);
        IList<Tensor> gradients = autograd.grad([loss], [.. parameters]);
        using (no_grad())
        {
            Tensor squares = zeros(1, dtype: ScalarType.Float64, device: network.Device);
            foreach (Tensor g in gradients) squares.add_((g * g).sum().to(ScalarType.Float64));
            double norm = Math.Sqrt(squares.item<double>());
            float value = loss.item<float>();
            if (!double.IsFinite(norm) || !float.IsFinite(value)) return (value, norm);
            double scale = norm > options.ClipNorm ? options.ClipNorm / norm : 1;
            double correct1 = 1 - Math.Pow(options.Beta1, step + 1), correct2 = 1 - Math.Pow(options.Beta2, step + 1);
            for (int i = 0; i < parameters.Count; i++)
            {
                Tensor p = parameters[i], g = scale < 1 ? gradients[i] * scale : gradients[i];
                if (p.dim() > 1) p.mul_(1 - (rate * options.WeightDecay));
                first[i].mul_(options.Beta1).add_(g, alpha: 1 - options.Beta1);
                second[i].mul_(options.Beta2).addcmul_(g, g, value: 1 - options.Beta2);
                p.addcdiv_(first[i], (second[i] / correct2).sqrt_().add_(options.Epsilon), value: -rate / correct1);
            }

            return (value, norm);
        }
    }

    private static void Save(string path, string fingerprint, int step, LlamaNetwork network, Tensor[] first, Tensor[] second)
    {
        var state = new List<NamedWeight>();
        for (int i = 0; i < first.Length; i++)
        {
            state.Add(Snapshot($"p{i}", network.Parameters[i]));
            state.Add(Snapshot($"m{i}", first[i]));
            state.Add(Snapshot($"v{i}", second[i]));
        }

        SafetensorsFile.Write(path, state, half: false, new Dictionary<string, string> { ["step"] = step.ToString(CultureInfo.InvariantCulture), ["training"] = fingerprint });

        static NamedWeight Snapshot(string name, Tensor t)
        {
            using Tensor detached = t.detach().cpu();
            return new NamedWeight(name, t.shape, detached.data<float>().ToArray());
        }
    }

    private static int Restore(string path, string fingerprint, LlamaNetwork network, Tensor[] first, Tensor[] second)
    {
        (IReadOnlyDictionary<string, NamedWeight> state, IReadOnlyDictionary<string, string> metadata) = SafetensorsFile.Read(path);
        if (!metadata.TryGetValue("training", out string? other) || other != fingerprint)
            throw new InvalidDataException($"{path} belongs to a training with other data, sizes or options: delete it to start anew.");
        if (!int.TryParse(metadata.GetValueOrDefault("step"), NumberStyles.None, CultureInfo.InvariantCulture, out int step)) throw Damaged("names no step");
        using var _ = no_grad();
        for (int i = 0; i < first.Length; i++)
        {
            Fill(network.Parameters[i], $"p{i}");
            Fill(first[i], $"m{i}");
            Fill(second[i], $"v{i}");
        }

        return step;

        void Fill(Tensor target, string name)
        {
            if (!state.TryGetValue(name, out NamedWeight? saved) || !saved.Shape.SequenceEqual(target.shape)) throw Damaged($"has no tensor {name} of the network's shape");
            using Tensor source = tensor(saved.Values, [.. saved.Shape]);
            target.copy_(source);
        }

        InvalidDataException Damaged(string how) => new($"{path} {how}: delete it to start anew.");
    }

    private static string Fingerprint(LlamaShape shape, IReadOnlyList<PackedBatch> batches, LlamaTrainerOptions options)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string knobs = string.Create(
            CultureInfo.InvariantCulture,
            $"{shape}|{options.Seed}|{options.Threads}|{options.LearningRate:R}|{options.Schedule}|{options.WarmUpSteps}|{options.LastFraction:R}|{options.Beta1:R}|{options.Beta2:R}|{options.Epsilon:R}|{options.WeightDecay:R}|{options.ClipNorm:R}{(options.Device == TorchDevices.Processor ? "" : $"|{options.Device}")}");
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(knobs));
        foreach (PackedBatch b in batches)
        {
            hash.AppendData(MemoryMarshal.AsBytes(b.Ids.AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(b.Documents.AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(b.Counted.AsSpan()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>Where a training stands: steps done and in all, the last step's loss (nats) and learning rate, ids seen since start or resume, their rate, and the time that is left at this rate.</summary>
public sealed record TrainingProgress(int Step, int Steps, double Loss, double LearningRate, long Tokens, double TokensPerSecond, TimeSpan Remaining);
