using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Plumbline.Suites;

/// <summary>Reads text that should be one YAML mapping and may be anything: also what is nested so deeply that building it would end the process.</summary>
internal static class YamlText
{
    private const int MostNested = 64;

    /// <summary>The mapping.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="place">What messages call it.</param>
    /// <param name="wanted">What to say where it is something else than one mapping.</param>
    /// <param name="wrong">Makes the exception that is thrown from a message and, where there is one, the library's exception.</param>
    public static YamlMappingNode Mapping(string yaml, string place, string wanted, Func<string, Exception?, Exception> wrong)
    {
        YamlStream stream = [];
        try
        {
            // The parser does not recurse; building the nodes does. Stream and document count as two levels.
            Parser parser = new(new StringReader(yaml));
            for (int nested = -2; parser.MoveNext();)
            {
                nested += parser.Current!.NestingIncrease;
                if (nested > MostNested) throw wrong($"{place}, line {parser.Current.Start.Line}: this is nested more than {MostNested} levels deep.", null);
            }

            stream.Load(new StringReader(yaml));
        }
        catch (YamlException e)
        {
            throw wrong($"{place}, line {e.Start.Line}, column {e.Start.Column}: this is no YAML ({e.Message}).", e);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // The library's scanner throws these two as well.
            throw wrong($"{place}: this is no YAML ({e.Message}).", e);
        }

        return stream.Documents.Count == 1 && stream.Documents[0].RootNode is YamlMappingNode root ? root : throw wrong($"{place}: {wanted}.", null);
    }
}
