using System;
using System.Text;

namespace Nowface
{
    /// <summary>Text as the native library takes and gives it: UTF-8 with a zero at the end.</summary>
    internal static unsafe class Utf8
    {
        internal static byte[] Encode(string text)
        {
            if (text.IndexOf('\0') >= 0) throw new ArgumentException("a zero character ends text early", nameof(text));
            var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
            Encoding.UTF8.GetBytes(text, 0, text.Length, bytes, 0);
            return bytes;
        }

        /// <summary>The text at an address, empty for NULL.</summary>
        internal static string Decode(byte* text)
        {
            if (text == null) return "";
            int length = 0;
            while (text[length] != 0) length++;
            return Encoding.UTF8.GetString(text, length);
        }
    }
}
