using System.Runtime.InteropServices;

namespace Plumbline.Models.Inference;

/// <summary>A logit that is wanted: of which query, at which of its scored places, for which id.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Target(int Position, int Query, int Index, int Id);

/// <summary>Ids that one or more sequences have in common, after those of the parent.</summary>
internal sealed class PrefixNode(PrefixNode? parent, int start, ReadOnlyMemory<int> ids)
{
    public PrefixNode? Parent { get; private set; } = parent;

    /// <summary>Position of the first id.</summary>
    public int Start { get; private set; } = start;

    public ReadOnlyMemory<int> Ids { get; private set; } = ids;

    public Dictionary<int, PrefixNode> Children { get; private set; } = [];

    /// <summary>What the logits at this node's positions are wanted for.</summary>
    public List<Target> Targets { get; private set; } = [];

    /// <summary>Cuts after so many ids: a new child takes the rest with all that hangs on it.</summary>
    public void Split(int length)
    {
        PrefixNode rest = new(this, Start + length, Ids[length..]) { Children = Children };
        foreach (PrefixNode child in rest.Children.Values) child.Parent = rest;
        rest.Targets = Targets.FindAll(t => t.Position >= rest.Start);
        Targets.RemoveAll(t => t.Position >= rest.Start);
        Children = new Dictionary<int, PrefixNode> { [rest.Ids.Span[0]] = rest };
        Ids = Ids[..length];
    }
}

/// <summary>Sequences with common beginnings, each beginning once.</summary>
internal sealed class PrefixTree
{
    /// <summary>Where sequences begin.</summary>
    public List<PrefixNode> Roots { get; } = [];

    private readonly Dictionary<int, PrefixNode> _roots = [];

    /// <param name="ids">A sequence; its last id needs no forward pass unless it is a target's position.</param>
    /// <param name="targets">Logits wanted of it.</param>
    /// <param name="share">Whether to share beginnings with others.</param>
    public void Add(ReadOnlyMemory<int> ids, IEnumerable<Target> targets, bool share)
    {
        if (ids.Length == 0) return;
        if (!share)
        {
            PrefixNode alone = new(null, 0, ids);
            alone.Targets.AddRange(targets);
            Roots.Add(alone);
            return;
        }

        List<PrefixNode> path = [];
        Dictionary<int, PrefixNode> level = _roots;
        PrefixNode? parent = null;
        int at = 0;
        while (at < ids.Length)
        {
            if (!level.TryGetValue(ids.Span[at], out PrefixNode? node))
            {
                node = new PrefixNode(parent, at, ids[at..]);
                level.Add(ids.Span[at], node);
                if (parent is null) Roots.Add(node);
                path.Add(node);
                break;
            }

            int common = node.Ids.Span.CommonPrefixLength(ids.Span[at..]);
            if (common < node.Ids.Length) node.Split(common);
            path.Add(node);
            at += common;
            (parent, level) = (node, node.Children);
        }

        foreach (Target target in targets) path.Last(node => node.Start <= target.Position).Targets.Add(target);
    }
}
