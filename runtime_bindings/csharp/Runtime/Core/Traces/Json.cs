using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Nowface.Traces
{
    /// <summary>
    /// JSON as the manifest and the headers of safetensors use it. Objects become Dictionary, arrays List, whole numbers
    /// long, other numbers double. Small on purpose: Unity's own reader takes no dictionaries.
    /// </summary>
    internal sealed class Json
    {
        private const int DeepestNesting = 64;

        private readonly string text;
        private readonly string subject;
        private int at;

        private Json(string text, string subject)
        {
            this.text = text;
            this.subject = subject;
        }

        /// <exception cref="NowfaceException">Bundle: `text` is no JSON object; `subject` is the file's name.</exception>
        internal static Dictionary<string, object> ParseObject(string text, string subject)
        {
            var reader = new Json(text, subject);
            object value = reader.Value(0);
            reader.SkipSpace();
            if (reader.at != text.Length) throw reader.Wrong("text after its end");
            return value as Dictionary<string, object> ?? throw reader.Wrong("no object");
        }

        /// <summary>A string as JSON, with its quotes.</summary>
        internal static string Quote(string text)
        {
            var quoted = new StringBuilder("\"");
            foreach (char letter in text)
            {
                if (letter == '"' || letter == '\\') quoted.Append('\\').Append(letter);
                else if (letter < ' ') quoted.AppendFormat(CultureInfo.InvariantCulture, "\\u{0:x4}", (int)letter);
                else quoted.Append(letter);
            }
            return quoted.Append('"').ToString();
        }

        private object Value(int depth)
        {
            if (depth > DeepestNesting) throw Wrong("nested too deep");
            SkipSpace();
            switch (Peek())
            {
                case '{':
                    return Object(depth);
                case '[':
                    return Array(depth);
                case '"':
                    return String();
                case 't':
                    return Word("true", true);
                case 'f':
                    return Word("false", false);
                case 'n':
                    return Word("null", null);
                default:
                    return Number();
            }
        }

        private Dictionary<string, object> Object(int depth)
        {
            var members = new Dictionary<string, object>(StringComparer.Ordinal);
            at++;
            SkipSpace();
            if (Took('}')) return members;
            do
            {
                SkipSpace();
                string key = String();
                SkipSpace();
                Expect(':');
                if (members.ContainsKey(key)) throw Wrong("a key twice");
                members[key] = Value(depth + 1);
                SkipSpace();
            }
            while (Took(','));
            Expect('}');
            return members;
        }

        private List<object> Array(int depth)
        {
            var items = new List<object>();
            at++;
            SkipSpace();
            if (Took(']')) return items;
            do
            {
                items.Add(Value(depth + 1));
                SkipSpace();
            }
            while (Took(','));
            Expect(']');
            return items;
        }

        private string String()
        {
            Expect('"');
            var read = new StringBuilder();
            for (;;)
            {
                char letter = Peek();
                at++;
                if (letter == '"') return read.ToString();
                if (letter < ' ') throw Wrong("a control character in a string");
                read.Append(letter == '\\' ? Escaped() : letter);
            }
        }

        private char Escaped()
        {
            char letter = Peek();
            at++;
            int simple = "\"\\/bfnrt".IndexOf(letter);
            if (simple >= 0) return "\"\\/\b\f\n\r\t"[simple];
            if (letter != 'u' || at + 4 > text.Length) throw Wrong("an unknown escape");
            string digits = text.Substring(at, 4);
            at += 4;
            return ushort.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code)
                ? (char)code
                : throw Wrong("an unknown escape");
        }

        private object Number()
        {
            int start = at;
            while (at < text.Length && "+-.0123456789eE".IndexOf(text[at]) >= 0) at++;
            string number = text.Substring(start, at - start);
            if (long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)) return whole;
            if (double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double real)) return real;
            throw Wrong("a value that is none");
        }

        private object Word(string word, object value)
        {
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0) throw Wrong("an unknown word");
            at += word.Length;
            return value;
        }

        private void SkipSpace()
        {
            while (at < text.Length && " \t\r\n".IndexOf(text[at]) >= 0) at++;
        }

        private char Peek() => at < text.Length ? text[at] : throw Wrong("an early end");

        private bool Took(char wanted)
        {
            if (Peek() != wanted) return false;
            at++;
            return true;
        }

        private void Expect(char wanted)
        {
            if (!Took(wanted)) throw Wrong($"no {wanted} where one belongs");
        }

        private NowfaceException Wrong(string problem) => new NowfaceException(
            Status.Bundle, $"{subject}: not readable as JSON ({problem}, character {at}); copy the file again from its source");
    }
}
