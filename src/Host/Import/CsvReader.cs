using System.Text;

namespace Metering.Host.Import;

/// <summary>
/// Records of CSV as RFC 4180 has it: quoted fields may hold delimiters, doubled quotes and line ends; lines end with CRLF or LF; empty lines are
/// skipped. Each record keeps its text and its line, so that a refused one can be shown, repaired and imported.
/// </summary>
internal sealed class CsvReader(TextReader text, char delimiter)
{
    /// <summary>A quote that is never closed would otherwise take the rest of the file into memory.</summary>
    public const int MaxRecordChars = 1 << 20;

    private readonly List<string> _fields = [];
    private readonly StringBuilder _field = new();
    private readonly StringBuilder _raw = new();
    private long _linesRead;

    private enum State
    {
        FieldStart,
        Plain,
        Quoted,

        /// <summary>Behind a quote inside a quoted field: its end, or the first half of a doubled quote.</summary>
        AfterQuote,
    }

    public IReadOnlyList<string> Fields => _fields;

    /// <summary>The record without its line end.</summary>
    public string Raw => _raw.ToString();

    /// <summary>Where the record starts, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>A quote is in the wrong place or not closed; the fields are a guess.</summary>
    public bool IsMalformed { get; private set; }

    /// <exception cref="ImportException">The record is too long.</exception>
    /// <exception cref="DecoderFallbackException">The text is not in the encoding of the reader.</exception>
    public bool Read()
    {
        while (ReadRecord())
        {
            if (_raw.Length > 0)
            {
                return true;
            }
        }

        return false;
    }

    private bool ReadRecord()
    {
        _fields.Clear();
        _raw.Clear();
        IsMalformed = false;
        Line = _linesRead + 1;
        State state = State.FieldStart;
        while (text.Read() is >= 0 and int next)
        {
            char letter = (char)next;
            if (letter is '\r' or '\n' && EndsRecord(letter, state))
            {
                EndField();
                return true;
            }

            state = Take(letter, state);
        }

        IsMalformed |= state == State.Quoted;
        EndField();
        return _raw.Length > 0;
    }

    /// <summary>Outside quotes, CRLF is one line end and both are consumed; inside, both are text.</summary>
    private bool EndsRecord(char letter, State state)
    {
        bool isFirstOfTwo = letter == '\r' && text.Peek() == '\n';
        if (state == State.Quoted)
        {
            _linesRead += isFirstOfTwo ? 0 : 1;
            return false;
        }

        if (isFirstOfTwo)
        {
            text.Read();
        }

        _linesRead++;
        return true;
    }

    private State Take(char letter, State state)
    {
        if (_raw.Append(letter).Length > MaxRecordChars)
        {
            throw new ImportException($"line {Line}: the record is longer than {MaxRecordChars} characters. Is a quote not closed?");
        }

        switch (state, letter)
        {
            case (State.Quoted, '"'):
                return State.AfterQuote;
            case (State.FieldStart, '"'):
                return State.Quoted;
            case (State.AfterQuote, '"'):
                _field.Append(letter);
                return State.Quoted;
            case (State.Quoted, _):
                _field.Append(letter);
                return State.Quoted;
        }

        if (letter == delimiter)
        {
            EndField();
            return State.FieldStart;
        }

        IsMalformed |= letter == '"' || state == State.AfterQuote;
        _field.Append(letter);
        return State.Plain;
    }

    private void EndField()
    {
        _fields.Add(_field.ToString());
        _field.Clear();
    }
}
