namespace Plumbline.Statistics;

/// <summary>Checks and margins of tables of counts.</summary>
internal static class ContingencyTable
{
    /// <summary>The row sums, column sums and total of a table of counts of at least 0.</summary>
    public static (double[] Rows, double[] Columns, double Total) Margins(IReadOnlyList<IReadOnlyList<int>> table, bool square)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.Count == 0) throw new ArgumentException("The table has no rows.", nameof(table));
        int width = table[0].Count;
        if (square && width != table.Count) throw new ArgumentException($"The table has {table.Count} rows and {width} columns; it must be square.", nameof(table));
        double[] rows = new double[table.Count], columns = new double[width];
        for (int i = 0; i < rows.Length; i++)
        {
            if (table[i].Count != width) throw new ArgumentException($"Row {i} holds {table[i].Count} counts; the first holds {width}.", nameof(table));
            for (int j = 0; j < width; j++)
            {
                if (table[i][j] < 0) throw new ArgumentException($"The count in row {i}, column {j} is {table[i][j]}; counts must not be negative.", nameof(table));
                rows[i] += table[i][j];
                columns[j] += table[i][j];
            }
        }

        double total = rows.Sum();
        if (total == 0) throw new ArgumentException("The table is empty.", nameof(table));
        return (rows, columns, total);
    }
}
