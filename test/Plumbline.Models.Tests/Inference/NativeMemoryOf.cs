using System.Collections;
using System.Reflection;
using Plumbline.Models.Inference;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Tests.Inference;

/// <summary>What native memory hangs on a model, found by walking its fields: it shares no code with what accounts for it.</summary>
internal static class NativeMemoryOf
{
    private const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>Bytes of all buffers.</summary>
    public static long Everything(LanguageModel model) => Reachable(model).OfType<NativeBuffer>().Sum(buffer => buffer.Length);

    /// <summary>Pages of keys and values, those that wait to be used again too.</summary>
    public static int Pages(LanguageModel model) => Reachable(model).OfType<Page>().Count();

    // On the model's own thread, which otherwise frees what it was told to while this looks.
    private static HashSet<object> Reachable(LanguageModel model)
    {
        InferenceEngine engine = (InferenceEngine)typeof(LanguageModel).GetField("_engine", Own)!.GetValue(model)!;
        return engine.Call(() => Walk(model)).GetAwaiter().GetResult();
    }

    private static HashSet<object> Walk(object root)
    {
        HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
        Queue<object> queue = new([root]);
        while (queue.TryDequeue(out object? item))
        {
            if (item is string or Type or Thread or Delegate or Pointer || item.GetType().IsPrimitive || !seen.Add(item)) continue;
            if (item is IEnumerable list && item.GetType().Namespace?.StartsWith("Plumbline", StringComparison.Ordinal) != true)
            {
                if (item.GetType().IsArray && item.GetType().GetElementType()!.IsPrimitive) continue;
                foreach (object? element in list) Add(element);
                continue;
            }

            if (item.GetType().Namespace?.StartsWith("Plumbline.Models", StringComparison.Ordinal) != true && item is not System.Runtime.CompilerServices.ITuple) continue;
            for (Type? type = item.GetType(); type is not null; type = type.BaseType)
            {
                foreach (FieldInfo field in type.GetFields(Own))
                {
                    if (!field.FieldType.IsPointer && !field.FieldType.IsByRefLike) Add(field.GetValue(item));
                }
            }
        }

        return seen;

        void Add(object? value)
        {
            if (value is not null) queue.Enqueue(value);
        }
    }
}
