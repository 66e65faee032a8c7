using System.Buffers.Binary;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Plumbline.Runs;

namespace Plumbline.Store;

/// <summary>
/// A run as one SQLite file in write-ahead mode with full synchronisation. Appends are grouped: one writer takes all
/// that wait, commits them together and only then reports each as done. A lock file keeps a second process out.
/// </summary>
public sealed class SqliteRunStore : IRunStore
{
    private const string Schema = """
        CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE samples (
            number INTEGER PRIMARY KEY, evaluation TEXT NOT NULL, id TEXT NOT NULL, outcome INTEGER NOT NULL, value REAL,
            family TEXT, cluster TEXT, category TEXT, language TEXT NOT NULL, label TEXT, reason TEXT, prompt TEXT NOT NULL,
            answer TEXT NOT NULL, parts TEXT, cut INTEGER NOT NULL, input_tokens INTEGER, output_tokens INTEGER,
            seconds REAL NOT NULL, attempts INTEGER NOT NULL, warnings TEXT, UNIQUE (evaluation, id));
        CREATE TABLE journal (key BLOB PRIMARY KEY, answer TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE sessions (seconds REAL NOT NULL, requests INTEGER NOT NULL, retries INTEGER NOT NULL, hosts TEXT NOT NULL, notes TEXT NOT NULL);
        """;

    private const string Columns = "evaluation, id, outcome, value, family, cluster, category, language, label, reason, prompt, answer, parts, cut, input_tokens, output_tokens, seconds, attempts, warnings";

    private readonly string _connectionString;
    private readonly FileStream _lock;
    private readonly SqliteConnection _writer;
    private readonly SqliteCommand _insertSample;
    private readonly SqliteCommand _insertAnswer;
    private readonly SqliteConnection _reader;
    private readonly Lock _reading = new();
    private readonly Channel<(object Row, RequestKey Key, TaskCompletionSource Durable)> _rows =
        Channel.CreateUnbounded<(object, RequestKey, TaskCompletionSource)>(new() { SingleReader = true });
    private readonly Task _writing;
    private readonly long _session;

    private SqliteRunStore(string file, RunHeader? create)
    {
        _lock = TakeLock(file);
        try
        {
            _connectionString = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString();
            if (create is not null) Begin(file, create);
            _writer = Connect();
            _reader = Connect();

            Header = ReadHeader(file);
            Resumed = Scalar("SELECT COUNT(*) FROM (SELECT 1 FROM samples LIMIT 1)") > 0 || Scalar("SELECT COUNT(*) FROM (SELECT 1 FROM journal LIMIT 1)") > 0;
            _session = Scalar("SELECT COALESCE(MAX(rowid), 0) + 1 FROM sessions");
            _insertSample = Prepare($"INSERT INTO samples ({Columns}) VALUES ({string.Join(", ", Enumerable.Range(0, 19).Select(i => $"$p{i}"))})", 19);
            _insertAnswer = Prepare("INSERT OR IGNORE INTO journal VALUES ($p0, $p1)", 2);
            _writing = Task.Run(WriteAsync);
        }
        catch
        {
            _writer?.Dispose();
            _reader?.Dispose();
            _lock.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public RunHeader Header { get; }

    /// <inheritdoc/>
    public bool Resumed { get; }

    /// <summary>Makes the store of a new run in a folder.</summary>
    /// <exception cref="IOException">The folder cannot be written, or there is a run in it already.</exception>
    public static SqliteRunStore Create(string folder, RunHeader header)
    {
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, "run.db");
        return File.Exists(file)
            ? throw new IOException($"{file} exists already: resume that run (plumbline resume {folder}) or name another folder with --out.")
            : new(file, header);
    }

    /// <summary>Opens the store of a run.</summary>
    /// <exception cref="IOException">There is none, it is damaged, or another process has it open.</exception>
    public static SqliteRunStore Open(string folder)
    {
        string file = Path.Combine(folder, "run.db");
        if (!File.Exists(file)) throw new FileNotFoundException($"There is no run in {folder}: {file} does not exist. `plumbline runs` lists what is there.");
        try
        {
            return new(file, null);
        }
        catch (SqliteException e)
        {
            throw new IOException($"{file} is no run store, or it is damaged ({e.Message}).", e);
        }
    }

    /// <summary>
    /// Moves the rows whose request failed into a table beside, so that a resumed run asks those samples again. Nothing is lost, and
    /// answers that were paid stay in the journal. To be called before the run goes on.
    /// </summary>
    /// <returns>How many rows.</returns>
    public int SetErroredAside()
    {
        using SqliteTransaction transaction = _writer.BeginTransaction();
        using SqliteCommand command = _writer.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"""
            CREATE TABLE IF NOT EXISTS errored AS SELECT * FROM samples WHERE 0;
            INSERT INTO errored SELECT * FROM samples WHERE outcome = {(int)Outcome.Errored};
            DELETE FROM samples WHERE outcome = {(int)Outcome.Errored};
            SELECT CHANGES();
            """;
        int rows = (int)(long)command.ExecuteScalar()!;
        transaction.Commit();
        return rows;
    }

    /// <inheritdoc/>
    public bool Contains(string evaluation, string sample)
    {
        lock (_reading) return Scalar("SELECT COUNT(*) FROM samples WHERE evaluation = $a AND id = $b", evaluation, sample) > 0;
    }

    /// <inheritdoc/>
    public Task AppendAsync(SampleRecord record) => EnqueueAsync(record, default);

    /// <inheritdoc/>
    public Task JournalAsync(RequestKey key, Answer answer) => EnqueueAsync(answer, key);

    /// <inheritdoc/>
    public Answer? Recall(RequestKey key)
    {
        lock (_reading)
        {
            using SqliteCommand command = _reader.CreateCommand();
            command.CommandText = "SELECT answer FROM journal WHERE key = $a";
            command.Parameters.AddWithValue("$a", Bytes(key));
            return command.ExecuteScalar() is string text ? StoredJson.ReadAnswer(text) with { Attempts = 0 } : null;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<SampleRecord> Read(string evaluation) => Rows($"SELECT {Columns} FROM samples WHERE evaluation = $a ORDER BY id", evaluation);

    /// <inheritdoc/>
    public IReadOnlyList<SampleRecord> Examples(string evaluation, int perOutcome) =>
        [.. Enum.GetValues<Outcome>().SelectMany(outcome => Rows(
            $"SELECT {Columns} FROM samples WHERE evaluation = $a AND outcome = {(int)outcome} ORDER BY value DESC, id LIMIT {perOutcome}", evaluation))];

    /// <inheritdoc/>
    public int Count(string evaluation)
    {
        lock (_reading) return (int)Scalar("SELECT COUNT(*) FROM samples WHERE evaluation = $a", evaluation);
    }

    /// <inheritdoc/>
    public Task NoteAsync(SessionTotals totals) => EnqueueAsync(totals, default);

    /// <inheritdoc/>
    public SessionTotals Totals()
    {
        lock (_reading)
        {
            SessionTotals sum = new(0, 0, 0, [], []);
            using SqliteCommand command = _reader.CreateCommand();
            command.CommandText = "SELECT seconds, requests, retries, hosts, notes FROM sessions ORDER BY rowid";
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                IReadOnlyList<HostContact> hosts = StoredJson.ReadHosts(row.GetString(3));
                sum = new(
                    sum.Seconds + row.GetDouble(0), sum.Requests + row.GetInt64(1), sum.Retries + row.GetInt64(2),
                    [.. sum.Hosts.Concat(hosts).GroupBy(h => h.Host).Select(g => new HostContact(g.Key, g.Sum(h => h.Requests)))],
                    [.. sum.Notes.Concat(StoredJson.ReadStrings(row.GetString(4))).Distinct()]);
            }

            return sum;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _rows.Writer.TryComplete();
        await _writing;
        await _insertSample.DisposeAsync();
        await _insertAnswer.DisposeAsync();
        await _reader.DisposeAsync();
        await _writer.DisposeAsync();
        await _lock.DisposeAsync();
    }

    private Task EnqueueAsync(object row, RequestKey key)
    {
        TaskCompletionSource durable = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return _rows.Writer.TryWrite((row, key, durable)) ? durable.Task : throw new ObjectDisposedException(nameof(SqliteRunStore));
    }

    private async Task WriteAsync()
    {
        List<TaskCompletionSource> batch = [];
        while (await _rows.Reader.WaitToReadAsync())
        {
            batch.Clear();
            try
            {
                using SqliteTransaction transaction = _writer.BeginTransaction();
                _insertSample.Transaction = _insertAnswer.Transaction = transaction;
                while (batch.Count < 4096 && _rows.Reader.TryRead(out (object Row, RequestKey Key, TaskCompletionSource Durable) next))
                {
                    batch.Add(next.Durable);
                    Insert(next.Row, next.Key, transaction);
                }

                transaction.Commit();
                foreach (TaskCompletionSource durable in batch) durable.SetResult();
            }
            catch (SqliteException e)
            {
                IOException failure = new(e.SqliteErrorCode == 13
                    ? "The disk is full: free some space, then `plumbline resume` goes on where this run stopped."
                    : $"The run store cannot be written ({e.Message}); `plumbline resume` goes on where this run stopped.", e);
                foreach (TaskCompletionSource durable in batch) durable.TrySetException(failure);
            }
        }
    }

    private void Insert(object row, RequestKey key, SqliteTransaction transaction)
    {
        switch (row)
        {
            case SampleRecord r:
                Bind(
                    _insertSample, r.Evaluation, r.Id, (int)r.Outcome, r.Value, r.Family, r.Cluster, r.Category, r.Language, r.Label, r.Reason, r.Prompt,
                    r.Answer, r.Parts is null ? null : StoredJson.Write(r.Parts), r.Cut ? 1 : 0, r.InputTokens, r.OutputTokens, r.Seconds, r.Attempts,
                    r.Warnings.Count == 0 ? null : StoredJson.Write(r.Warnings));
                _insertSample.ExecuteNonQuery();
                break;
            case Answer answer:
                Bind(_insertAnswer, Bytes(key), StoredJson.Write(answer));
                _insertAnswer.ExecuteNonQuery();
                break;
            case SessionTotals t:
                using (SqliteCommand command = _writer.CreateCommand())
                {
                    command.Transaction = transaction;
                    command.CommandText = "INSERT OR REPLACE INTO sessions (rowid, seconds, requests, retries, hosts, notes) VALUES ($n, $a, $b, $c, $d, $e)";
                    command.Parameters.AddWithValue("$n", _session);
                    command.Parameters.AddWithValue("$a", t.Seconds);
                    command.Parameters.AddWithValue("$b", t.Requests);
                    command.Parameters.AddWithValue("$c", t.Retries);
                    command.Parameters.AddWithValue("$d", StoredJson.Write(t.Hosts));
                    command.Parameters.AddWithValue("$e", StoredJson.Write(t.Notes));
                    command.ExecuteNonQuery();
                }

                break;
        }
    }

    private IEnumerable<SampleRecord> Rows(string sql, string evaluation)
    {
        // A connection of its own: a caller may leave the enumeration half done, or nest two.
        using SqliteConnection connection = Connect();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$a", evaluation);
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            yield return new()
            {
                Evaluation = row.GetString(0),
                Id = row.GetString(1),
                Outcome = (Outcome)row.GetInt32(2),
                Value = row.IsDBNull(3) ? null : row.GetDouble(3),
                Family = Text(4),
                Cluster = Text(5),
                Category = Text(6),
                Language = row.GetString(7),
                Label = Text(8),
                Reason = Text(9),
                Prompt = row.GetString(10),
                Answer = row.GetString(11),
                Parts = Text(12) is { } parts ? StoredJson.ReadParts(parts) : null,
                Cut = row.GetInt32(13) != 0,
                InputTokens = row.IsDBNull(14) ? null : row.GetInt64(14),
                OutputTokens = row.IsDBNull(15) ? null : row.GetInt64(15),
                Seconds = row.GetDouble(16),
                Attempts = row.GetInt32(17),
                Warnings = Text(18) is { } warnings ? StoredJson.ReadStrings(warnings) : [],
            };
        }

        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
    }

    private RunHeader ReadHeader(string file)
    {
        Dictionary<string, string> values = [];
        using SqliteCommand command = _reader.CreateCommand();
        command.CommandText = "SELECT key, value FROM run";
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read()) values.Add(row.GetString(0), row.GetString(1));
        try
        {
            return RunHeaderText.Read(values);
        }
        catch (Exception e) when (e is KeyNotFoundException or FormatException)
        {
            throw new IOException($"{file} was written by another version, or is damaged: {e.Message}", e);
        }
    }

    /// <summary>A new run appears under its name only when its header is whole, so that a process killed here leaves none, not half a one.</summary>
    private static void Begin(string file, RunHeader header)
    {
        string unfinished = file + ".new";
        File.Delete(unfinished);
        using (SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = unfinished, Pooling = false }.ToString()))
        {
            connection.Open();
            using SqliteTransaction begin = connection.BeginTransaction();
            Execute(connection, Schema);
            foreach ((string key, string value) in RunHeaderText.Write(header)) Execute(connection, "INSERT INTO run VALUES ($a, $b)", key, value);
            begin.Commit();
        }

        File.Move(unfinished, file);
    }

    private SqliteConnection Connect()
    {
        SqliteConnection connection = new(_connectionString);
        connection.Open();
        Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -8000;");
        return connection;
    }

    private SqliteCommand Prepare(string sql, int parameters)
    {
        SqliteCommand command = _writer.CreateCommand();
        command.CommandText = sql;
        for (int i = 0; i < parameters; i++) command.Parameters.Add(new SqliteParameter { ParameterName = $"$p{i}" });
        return command;
    }

    private static void Bind(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (int i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i] is string s ? s.Replace("\0", "␀", StringComparison.Ordinal) : values[i] ?? DBNull.Value;
    }

    private static void Execute(SqliteConnection connection, string sql, string? a = null, string? b = null)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        if (a is not null) command.Parameters.AddWithValue("$a", a);
        if (b is not null) command.Parameters.AddWithValue("$b", b);
        command.ExecuteNonQuery();
    }

    private long Scalar(string sql, string? a = null, string? b = null)
    {
        using SqliteCommand command = _reader.CreateCommand();
        command.CommandText = sql;
        if (a is not null) command.Parameters.AddWithValue("$a", a);
        if (b is not null) command.Parameters.AddWithValue("$b", b);
        return (long)command.ExecuteScalar()!;
    }

    private static FileStream TakeLock(string file)
    {
        try
        {
            return new FileStream(file + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.None);
        }
        catch (IOException e) when (File.Exists(file + ".lock"))
        {
            throw new IOException($"Another process has this run open ({file}): wait for it or stop it, then try again.", e);
        }
    }

    private static byte[] Bytes(RequestKey key)
    {
        byte[] bytes = new byte[32];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, key.High);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(16), key.Low);
        return bytes;
    }
}
