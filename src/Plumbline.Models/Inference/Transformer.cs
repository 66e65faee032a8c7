using Plumbline.Models.Architectures;
using Plumbline.Models.Files;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Inference;

/// <summary>New ids of a sequence whose earlier ones are in its cache.</summary>
internal readonly record struct SequenceSlice(KeyValueSequence Cache, ReadOnlyMemory<int> Ids);

/// <summary>
/// The forward pass of every causal architecture. Rows of many sequences run together without padding: products see all
/// rows at once, attention each sequence by itself. A row's figures do not depend on what runs beside it, only on whether
/// it is a step of decoding: those multiply four-bit weights in integers, and differ in their last bits.
/// Not safe for concurrent use.
/// </summary>
internal sealed unsafe class Transformer : IDisposable
{
    private readonly WorkerPool _pool;
    private readonly HeldWeights _held;
    private readonly Linear _embedding;
    private readonly Linear _head;
    private readonly NativeBuffer? _positions;
    private readonly int _positionRows;
    private readonly Linear? _projectIn;
    private readonly Linear? _projectOut;
    private readonly Norm _finalNorm;
    private readonly Block[] _blocks;
    private readonly Rotary? _rotary;
    private readonly Rotary? _slidingRotary;
    private readonly CausalAttention _attention;
    private readonly bool _gated;
    private readonly List<IDisposable> _owned = [];
    private readonly Scratch _x = new(), _y = new(), _qkv = new(), _attended = new(), _inner = new(), _packed = new(), _packedInner = new(), _turns = new(), _slidingTurns = new();
    private readonly Scratch[] _rows;
    private int _outputRows;
    private bool _step;

    /// <exception cref="ModelFileException">A tensor is missing or has a type without kernels.</exception>
    public Transformer(ITensorSource source, ModelConfig config, WorkerPool pool, HeldWeights held = HeldWeights.AsFile)
    {
        (Config, _pool, _held) = (config, pool, held);
        try
        {
            if (!config.Causal) throw new ModelFileException($"The architecture {config.Architecture} is no causal language model; scoring and generation need one.");
            ModelDescription layout = KnownArchitectures.Describe(config);
            _gated = layout.Gated;
            _embedding = Own(Linear.Load(source, [new(layout.Embedding, config.VocabularySize, "vocab_size")], 0, pool, held));
            _head = config.TieWordEmbeddings ? _embedding : Own(Linear.Load(source, [new(layout.Head, config.VocabularySize, "vocab_size", Bias: config.HeadBias)], 0, pool, held));
            if (layout.Positions is not null)
            {
                TensorInfo info = source.Tensors[layout.Positions + ".weight"];
                _positionRows = checked((int)info.Shape[0]);
                _positions = Own(NativeBuffer.OfFloats(info.Count));
                source.Read(info.Name, new Span<float>(_positions.Floats, checked((int)info.Count)));
            }

            if (layout.ProjectIn is not null) _projectIn = Own(Linear.Load(source, [new(layout.ProjectIn, config.HiddenSize, "hidden_size")], 0, pool, held));
            if (layout.ProjectOut is not null) _projectOut = Own(Linear.Load(source, [new(layout.ProjectOut, config.WordEmbeddingSize, "word_embed_proj_dim")], 0, pool, held));
            _finalNorm = Own(Norm.Load(source, layout.FinalNorm!, config.Norm, config.NormEpsilon));
            List<Block> blocks = [];
            for (int layer = 0; layer < config.Layers; layer++) blocks.Add(LoadBlock(source, layout, layer));
            _blocks = [.. blocks];
            StepsDiffer = _owned.OfType<Linear>().Any(linear => linear.Forms(step: true) != RowForms.Floats);
            if (config.Positions != PositionKind.Learned)
            {
                _rotary = new Rotary(config, sliding: false);
                _slidingRotary = config.RopeLocalTheta is null ? _rotary : new Rotary(config, sliding: true);
            }

            KeyValueShape shape = new(config.Layers, config.KeyValueHeads, config.HeadDimension);
            Pages = Own(new PagePool(shape));
            _attention = Own(new CausalAttention(pool, shape, config.Heads, (float)config.AttentionScale, (float)(config.AttentionSoftcap ?? 0)));
            _rows = [.. Enumerable.Range(0, pool.Threads).Select(_ => Own(new Scratch()))];
            foreach (Scratch scratch in new[] { _x, _y, _qkv, _attended, _inner, _packed, _packedInner, _turns, _slidingTurns }) Own(scratch);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public ModelConfig Config { get; }

    public PagePool Pages { get; }

    // Room for what a layer may ask for.
    private RowForms Forms => _step ? RowForms.Floats | RowForms.FixedPoint : RowForms.Floats;

    /// <summary>Bytes of the weights in memory.</summary>
    public long WeightBytes { get; private set; }

    /// <summary>Whether the length of a sequence changes the figures of its beginning, which then cannot be shared.</summary>
    public bool DependsOnLength => _rotary is { DependsOnLength: true };

    /// <summary>Whether steps of decoding give other last bits than given ids, so that a text that begins anew must read them as steps.</summary>
    public bool StepsDiffer { get; }

    /// <summary>Runs new ids of sequences and appends them to their caches. The rows of the slices follow each other.</summary>
    /// <param name="slices">Each sequence at most once.</param>
    /// <param name="wanted">Rows whose logits will be asked for, rising; the last layer computes only these.</param>
    /// <param name="cancellationToken">Stops between layers; the caches then are as before.</param>
    /// <param name="step">Whether the ids are generated ones, one of each sequence, rather than given ones.</param>
    public void Forward(IReadOnlyList<SequenceSlice> slices, IReadOnlyList<int> wanted, CancellationToken cancellationToken, bool step = false)
    {
        _step = step;
        int rows = slices.Sum(slice => slice.Ids.Length);
        List<SequenceRows> sequences = new(slices.Count);
        int first = 0;
        foreach (SequenceSlice slice in slices)
        {
            sequences.Add(new SequenceRows(slice.Cache, first, slice.Ids.Length, slice.Cache.Length));
            first += slice.Ids.Length;
        }

        foreach (SequenceRows sequence in sequences) sequence.Cache.Extend(sequence.Count);
        try
        {
            Run(slices, sequences, rows, wanted, cancellationToken);
        }
        catch
        {
            foreach (SequenceRows sequence in sequences) sequence.Cache.Truncate(sequence.FirstPosition);
            throw;
        }
    }

    /// <summary>Logits [count, vocabulary] of wanted rows of the last forward, counted from 0.</summary>
    public void Logits(int first, int count, float* logits)
    {
        if (first < 0 || count < 0 || first > _outputRows - count) throw new ArgumentOutOfRangeException(nameof(first), first, $"The last forward left {_outputRows} rows.");
        int width = Config.HiddenSize;
        float* x = _x.Floats(0) + ((long)first * width);
        RowBlocks packed = new(_packed.Floats(RowBlocks.Size(count, Math.Max(width, Config.WordEmbeddingSize), Forms)), count, width, (_projectOut ?? _head).Forms(_step));
        NormAndPack(_finalNorm, x, packed);
        if (_projectOut is not null)
        {
            float* projected = _y.Floats((long)count * Config.WordEmbeddingSize);
            _projectOut.Multiply(_pool, packed, projected);
            packed = new RowBlocks(packed.Block(0), count, Config.WordEmbeddingSize, _head.Forms(_step));
            Pack(projected, packed);
        }

        _head.Multiply(_pool, packed, logits, _blocks[0].QueryKeyValue);
        float cap = (float)(Config.LogitSoftcap ?? 0);
        if (cap == 0 && _head.Bias is null) return;
        _pool.Run(count, (row, _) =>
        {
            float* target = logits + ((long)row * Config.VocabularySize);
            if (_head.Bias is not null) RowMath.Add(target, _head.Bias, Config.VocabularySize);
            if (cap > 0) RowMath.SoftCap(target, cap, Config.VocabularySize);
        });
    }

    /// <summary>Adds the final norm's outputs of the wanted rows of the last forward, one after the other, to sums [width].</summary>
    public void AddHidden(Span<double> sums)
    {
        int width = Config.HiddenSize;
        float[] hidden = new float[width];
        fixed (float* values = hidden)
        {
            for (int row = 0; row < _outputRows; row++)
            {
                _finalNorm.Apply(_x.Floats(0) + ((long)row * width), values);
                for (int i = 0; i < width; i++) sums[i] += hidden[i];
            }
        }
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned) owned.Dispose();
        _owned.Clear();
    }

    private void Run(IReadOnlyList<SequenceSlice> slices, List<SequenceRows> sequences, int rows, IReadOnlyList<int> wanted, CancellationToken cancellationToken)
    {
        ModelConfig config = Config;
        int width = config.HiddenSize, attended = config.Heads * config.HeadDimension, inner = config.IntermediateSize;
        float* x = _x.Floats((long)rows * width), y = _y.Floats((long)rows * Math.Max(width, config.WordEmbeddingSize));
        float* qkv = _qkv.Floats((long)rows * (config.Heads + (2 * config.KeyValueHeads)) * config.HeadDimension);
        float* attention = _attended.Floats((long)rows * attended);
        float* up = _inner.Floats((long)rows * inner * (_gated ? 2 : 1));
        float* packedData = _packed.Floats(RowBlocks.Size(rows, Math.Max(Math.Max(width, attended), config.WordEmbeddingSize), Forms));
        float* innerData = _packedInner.Floats(RowBlocks.Size(rows, inner, Forms));
        int longest = Math.Max(Math.Max(width, attended), inner);
        foreach (Scratch scratch in _rows) scratch.Floats((long)Tile.Height * longest);

        Embed(slices, sequences, rows, x, y, packedData);
        float* turns = Turns(_rotary, _turns, sequences, rows);
        float* slidingTurns = ReferenceEquals(_rotary, _slidingRotary) ? turns : Turns(_slidingRotary, _slidingTurns, sequences, rows);

        RowBlocks packed = new(packedData, rows, width, _blocks[0].QueryKeyValue.Forms(_step));
        NormAndPack(_blocks[0].AttentionNorm, x, packed);
        for (int layer = 0; layer < _blocks.Length; layer++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Block block = _blocks[layer];
            bool slides = config.SlidingLayers.Count > layer && config.SlidingLayers[layer];
            block.QueryKeyValue.Multiply(_pool, packed, qkv, block.Output);
            PrepareAttention(block, layer, slides ? _slidingRotary : _rotary, slides ? slidingTurns : turns, sequences, qkv);
            _attention.Attend(sequences, layer, slides ? config.SlidingWindow ?? int.MaxValue : int.MaxValue, qkv, block.QueryKeyValue.Outputs, attention);

            if (layer == _blocks.Length - 1 && wanted.Count < rows)
            {
                for (int i = 0; i < wanted.Count; i++)
                {
                    Copy(x, wanted[i], i, width);
                    Copy(attention, wanted[i], i, attended);
                }

                rows = wanted.Count;
                if (rows == 0) break;
            }

            RowBlocks packedAttention = new(packedData, rows, attended, block.Output.Forms(_step)), packedInner = new(innerData, rows, inner, block.Down.Forms(_step));
            Pack(attention, packedAttention);
            block.Output.Multiply(_pool, packedAttention, y, block.Up);
            packed = new RowBlocks(packedData, rows, width, block.Up.Forms(_step));
            AddAttention(block, x, y, packed);
            block.Up.Multiply(_pool, packed, up, block.Down);
            Activate(block, up, packedInner);
            Block? next = layer + 1 < _blocks.Length ? _blocks[layer + 1] : null;
            block.Down.Multiply(_pool, packedInner, y, next?.QueryKeyValue ?? _head);
            if (next is not null) packed = new RowBlocks(packedData, rows, width, next.QueryKeyValue.Forms(_step));
            AddMlp(block, next, x, y, packed);
        }

        _outputRows = rows;
    }

    private static void Copy(float* rows, int from, int to, int width)
    {
        if (from != to) new ReadOnlySpan<float>(rows + ((long)from * width), width).CopyTo(new Span<float>(rows + ((long)to * width), width));
    }

    private void Embed(IReadOnlyList<SequenceSlice> slices, List<SequenceRows> sequences, int rows, float* x, float* y, float* packedData)
    {
        int width = Config.WordEmbeddingSize == 0 ? Config.HiddenSize : Config.WordEmbeddingSize;
        float* target = _projectIn is null ? x : y;
        float scale = (float)Config.EmbeddingScale;
        int[] ids = new int[rows], positions = new int[rows];
        for (int s = 0; s < slices.Count; s++)
        {
            slices[s].Ids.Span.CopyTo(ids.AsSpan(sequences[s].FirstRow));
            for (int i = 0; i < sequences[s].Count; i++) positions[sequences[s].FirstRow + i] = sequences[s].FirstPosition + i;
        }

        foreach (int id in ids)
        {
            if ((uint)id >= (uint)Config.VocabularySize) throw new ArgumentOutOfRangeException(nameof(slices), id, $"Ids are below the vocabulary's {Config.VocabularySize}.");
        }

        if (_positions is not null && rows > 0 && positions.Max() + Config.PositionOffset >= _positionRows)
            throw new ArgumentException($"The model has learned positions up to {_positionRows - Config.PositionOffset}; a sequence is {positions.Max() + 1} long.", nameof(slices));

        _pool.Run((rows + Tile.Height - 1) / Tile.Height, (piece, _) =>
        {
            for (int row = piece * Tile.Height; row < Math.Min(rows, (piece + 1) * Tile.Height); row++)
            {
                float* to = target + ((long)row * width);
                _embedding.Matrix.ReadRow(ids[row], to);
                if (scale != 1) RowMath.Scale(to, scale, width);
            }
        });

        if (_projectIn is not null)
        {
            RowBlocks packed = new(packedData, rows, width, _projectIn.Forms(_step));
            Pack(y, packed);
            _projectIn.Multiply(_pool, packed, x);
        }

        if (_positions is null) return;
        for (int row = 0; row < rows; row++)
            RowMath.Add(x + ((long)row * Config.HiddenSize), _positions.Floats + ((long)(positions[row] + Config.PositionOffset) * Config.HiddenSize), Config.HiddenSize);
    }

    // Cosines and sines [row, (cos, sin), pair] of every row; null where positions are learned.
    private static float* Turns(Rotary? rotary, Scratch scratch, List<SequenceRows> sequences, int rows)
    {
        if (rotary is null) return null;
        int half = rotary.Dimensions / 2;
        float* turns = scratch.Floats((long)rows * rotary.Dimensions);
        double[]? frequencies = null;
        foreach (SequenceRows sequence in sequences)
        {
            if (frequencies is null || rotary.DependsOnLength) frequencies = rotary.Frequencies(sequence.FirstPosition + sequence.Count);
            for (int i = 0; i < sequence.Count; i++)
            {
                float* row = turns + ((long)(sequence.FirstRow + i) * rotary.Dimensions);
                for (int j = 0; j < half; j++)
                {
                    (double sin, double cos) = Math.SinCos((sequence.FirstPosition + i) * frequencies[j]);
                    row[j] = (float)(cos * rotary.AttentionFactor);
                    row[half + j] = (float)(sin * rotary.AttentionFactor);
                }
            }
        }

        return turns;
    }

    // Bias, norms of queries and keys, rotation, and keys and values into the caches.
    private void PrepareAttention(Block block, int layer, Rotary? rotary, float* turns, List<SequenceRows> sequences, float* qkv)
    {
        int dimension = Config.HeadDimension, heads = Config.Heads, keyHeads = Config.KeyValueHeads, stride = block.QueryKeyValue.Outputs;
        int turning = rotary?.Dimensions ?? 0;
        bool adjacent = rotary is { Adjacent: true };
        List<(int Sequence, int From)> pieces = [];
        for (int s = 0; s < sequences.Count; s++)
        {
            for (int from = 0; from < sequences[s].Count; from += Tile.Height) pieces.Add((s, from));
        }

        // Short sequences (a batch that decodes) share pieces.
        int perPiece = Math.Max(1, Math.Min(Tile.Height, pieces.Count / (_pool.Threads * 4)));
        _pool.Run((pieces.Count + perPiece - 1) / perPiece, (index, _) =>
        {
            for (int p = index * perPiece; p < Math.Min(pieces.Count, (index + 1) * perPiece); p++)
            {
                (int s, int from) = pieces[p];
                SequenceRows sequence = sequences[s];
                for (int i = from; i < Math.Min(sequence.Count, from + Tile.Height); i++) Row(sequence, i);
            }
        });

        void Row(SequenceRows sequence, int i)
        {
            float* q = qkv + ((long)(sequence.FirstRow + i) * stride), k = q + (heads * dimension), v = k + (keyHeads * dimension);
            if (block.QueryKeyValue.Bias is not null) RowMath.Add(q, block.QueryKeyValue.Bias, stride);
            if (block.QueryNorm is { } queryNorm && block.KeyNorm is { } keyNorm)
            {
                for (int at = 0; at < heads * dimension; at += queryNorm.Length) queryNorm.Apply(q + at, q + at);
                for (int at = 0; at < keyHeads * dimension; at += keyNorm.Length) keyNorm.Apply(k + at, k + at);
            }

            if (turning > 0)
            {
                float* turn = turns + ((long)(sequence.FirstRow + i) * turning);
                for (int head = 0; head < heads + keyHeads; head++) Rotate(q + (head * dimension), turn, turning, adjacent);
            }

            for (int head = 0; head < keyHeads; head++) sequence.Cache.Write(sequence.FirstPosition + i, layer, head, k + (head * dimension), v + (head * dimension));
        }
    }

    private static void Rotate(float* head, float* turn, int dimensions, bool adjacent)
    {
        int half = dimensions / 2;
        if (!adjacent)
        {
            RowMath.Rotate(head, head + half, turn, turn + half, half);
            return;
        }

        for (int j = 0; j < half; j++)
        {
            float* pair = head + (2 * j);
            float cos = turn[j], sin = turn[half + j], left = pair[0], right = pair[1];
            pair[0] = (left * cos) - (right * sin);
            pair[1] = (right * cos) + (left * sin);
        }
    }

    private void NormAndPack(Norm? norm, float* x, RowBlocks packed)
    {
        _pool.Run(packed.Count, (b, slot) => NormAndPack(norm, x, packed, b, slot));
    }

    private void NormAndPack(Norm? norm, float* x, RowBlocks packed, int b, int slot)
    {
        if (norm is null)
        {
            packed.Fill(b, x, packed.Depth);
            return;
        }

        float* normed = _rows[slot].Floats((long)Tile.Height * packed.Depth);
        int count = packed.RowsOf(b);
        for (int r = 0; r < count; r++) norm.Apply(x + (((long)(b * Tile.Height) + r) * packed.Depth), normed + (r * packed.Depth));
        packed.Put(b, normed, packed.Depth);
    }

    private void Pack(float* rows, RowBlocks packed) => _pool.Run(packed.Count, (b, _) => packed.Fill(b, rows, packed.Depth));

    // x += attention; the MLP's input comes from the new x, or in a parallel block from the old one.
    private void AddAttention(Block block, float* x, float* y, RowBlocks packed)
    {
        int width = packed.Depth;
        bool parallel = Config.ParallelResidual;
        _pool.Run(packed.Count, (b, slot) =>
        {
            if (parallel) NormAndPack(block.MlpNorm ?? block.AttentionNorm, x, packed, b, slot);
            for (int row = b * Tile.Height; row < Math.Min(packed.Rows, (b + 1) * Tile.Height); row++)
            {
                float* result = y + ((long)row * width);
                if (block.Output.Bias is not null) RowMath.Add(result, block.Output.Bias, width);
                block.AfterAttentionNorm?.Apply(result, result);
                RowMath.Add(x + ((long)row * width), result, width);
            }

            if (!parallel) NormAndPack(block.MlpNorm, x, packed, b, slot);
        });
    }

    private void Activate(Block block, float* up, RowBlocks packed)
    {
        int inner = packed.Depth, stride = block.Up.Outputs;
        bool gated = _gated;
        Activation activation = Config.Activation;
        _pool.Run(packed.Count, (b, slot) =>
        {
            float* activated = _rows[slot].Floats((long)Tile.Height * inner);
            int count = packed.RowsOf(b);
            for (int r = 0; r < count; r++)
            {
                float* row = up + (((long)(b * Tile.Height) + r) * stride);
                if (block.Up.Bias is not null) RowMath.Add(row, block.Up.Bias, stride);
                RowMath.Activate(activation, row, gated ? row + inner : null, activated + (r * inner), inner);
            }

            packed.Put(b, activated, inner);
        });
    }

    private void AddMlp(Block block, Block? next, float* x, float* y, RowBlocks packed)
    {
        int width = packed.Depth;
        _pool.Run(packed.Count, (b, slot) =>
        {
            for (int row = b * Tile.Height; row < Math.Min(packed.Rows, (b + 1) * Tile.Height); row++)
            {
                float* result = y + ((long)row * width);
                if (block.Down.Bias is not null) RowMath.Add(result, block.Down.Bias, width);
                block.AfterMlpNorm?.Apply(result, result);
                RowMath.Add(x + ((long)row * width), result, width);
            }

            if (next is not null) NormAndPack(next.AttentionNorm, x, packed, b, slot);
        });
    }

    private Block LoadBlock(ITensorSource source, ModelDescription layout, int layer)
    {
        return new Block(
            Read(layout.AttentionNorm),
            Read(layout.AfterAttentionNorm),
            Read(layout.MlpNorm),
            Read(layout.AfterMlpNorm),
            Read(layout.QueryNorm, queryKey: true),
            Read(layout.KeyNorm, queryKey: true),
            Own(Linear.Load(source, layout.QueryKeyValue, layer, _pool, _held)),
            Own(Linear.Load(source, [layout.Output], layer, _pool, _held)),
            Own(Linear.Load(source, layout.Up, layer, _pool, _held)),
            Own(Linear.Load(source, [layout.Down], layer, _pool, _held)));

        Norm? Read(string? name, bool queryKey = false) => name is null ? null
            : Own(Norm.Load(source, ModelDescription.At(name, layer), queryKey && Config.Norm == NormKind.LayerNorm ? NormKind.Rms : Config.Norm, Config.NormEpsilon));
    }

    private T Own<T>(T item)
        where T : IDisposable
    {
        _owned.Add(item);
        if (item is Linear linear) WeightBytes += linear.Bytes;
        return item;
    }

    private sealed record Block(
        Norm? AttentionNorm, Norm? AfterAttentionNorm, Norm? MlpNorm, Norm? AfterMlpNorm, Norm? QueryNorm, Norm? KeyNorm, Linear QueryKeyValue, Linear Output, Linear Up, Linear Down);

    /// <summary>Floats that grow when more are asked for; their content is then lost.</summary>
    private sealed class Scratch : IDisposable
    {
        private NativeBuffer? _buffer;

        public float* Floats(long count)
        {
            if (_buffer is null || _buffer.Length < count * sizeof(float))
            {
                _buffer?.Dispose();
                _buffer = NativeBuffer.OfFloats(count + (count / 4));
            }

            return _buffer.Floats;
        }

        public void Dispose() => _buffer?.Dispose();
    }
}
