using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace Nowface.Traces
{
    /// <summary>Named tensors and texts of a .safetensors file, as test vectors and traces are stored.</summary>
    public sealed class TensorFile
    {
        // An 8-byte length, a JSON header of that length, the tensors' bytes without holes, all little-endian.
        private const int PrefixBytes = 8;
        private const string MetadataKey = "__metadata__";

        public IDictionary<string, Tensor> Tensors { get; } =
            new SortedDictionary<string, Tensor>(StringComparer.Ordinal);

        public IDictionary<string, string> Metadata { get; } =
            new SortedDictionary<string, string>(StringComparer.Ordinal);

        /// <exception cref="NowfaceException">Bundle: the bytes are no such file; `subject` is its name.</exception>
        public static TensorFile Parse(byte[] bytes, string subject)
        {
            ulong length = bytes.Length < PrefixBytes ? ulong.MaxValue : BitConverter.ToUInt64(bytes, 0);
            if (length > (ulong)Math.Max(0, bytes.Length - PrefixBytes)) throw Wrong(subject, "shorter than its header");
            string text = Encoding.UTF8.GetString(bytes, PrefixBytes, (int)length);
            var file = new TensorFile();
            var entries = new List<Entry>();
            foreach (KeyValuePair<string, object> member in Json.ParseObject(text, subject))
            {
                var members = member.Value as Dictionary<string, object>
                    ?? throw Wrong(subject, "an entry is not an object");
                if (member.Key != MetadataKey)
                {
                    entries.Add(new Entry(member.Key, members, subject));
                    continue;
                }
                foreach (KeyValuePair<string, object> item in members)
                    file.Metadata[item.Key] = item.Value as string ?? throw Wrong(subject, "its metadata are not text");
            }
            long begin = PrefixBytes + (long)length, end = begin;
            foreach (Entry entry in entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
            {
                if (begin + entry.Begin != end || entry.End < entry.Begin || begin + entry.End > bytes.Length)
                    throw Wrong(subject, $"the bytes of {entry.Name} are not where they belong");
                var data = new byte[entry.End - entry.Begin];
                Buffer.BlockCopy(bytes, (int)(begin + entry.Begin), data, 0, data.Length);
                if (!Tensor.Holds(entry.Type, entry.Shape, data.Length)) throw Wrong(subject, $"{entry.Name} has another size");
                file.Tensors[entry.Name] = new Tensor(entry.Type, entry.Shape, data);
                end = begin + entry.End;
            }
            if (end != bytes.Length) throw Wrong(subject, "longer than its tensors");
            return file;
        }

        /// <summary>The bytes of the file.</summary>
        public byte[] ToBytes()
        {
            var order = Tensors.OrderByDescending(pair => Tensor.ElementBytes(pair.Value.Type)).ToList();
            var entries = new List<string>();
            if (Metadata.Count > 0)
            {
                IEnumerable<string> texts = Metadata.Select(pair => $"{Json.Quote(pair.Key)}:{Json.Quote(pair.Value)}");
                entries.Add($"{Json.Quote(MetadataKey)}:{{{string.Join(",", texts)}}}");
            }
            long offset = 0;
            foreach (KeyValuePair<string, Tensor> pair in order)
            {
                long end = offset + pair.Value.Data.Length;
                string shape = string.Join(",", pair.Value.Shape);
                entries.Add($"{Json.Quote(pair.Key)}:{{\"dtype\":\"{pair.Value.Type}\",\"shape\":[{shape}]," +
                            $"\"data_offsets\":[{offset},{end}]}}");
                offset = end;
            }
            byte[] header = Encoding.UTF8.GetBytes($"{{{string.Join(",", entries)}}}");
            int padding = (PrefixBytes - header.Length % PrefixBytes) % PrefixBytes;
            using (var stream = new MemoryStream())
            {
                stream.Write(BitConverter.GetBytes((ulong)(header.Length + padding)), 0, PrefixBytes);
                stream.Write(header, 0, header.Length);
                for (int i = 0; i < padding; i++) stream.WriteByte((byte)' ');
                foreach (KeyValuePair<string, Tensor> pair in order) stream.Write(pair.Value.Data, 0, pair.Value.Data.Length);
                return stream.ToArray();
            }
        }

        /// <summary>The tensor of a name.</summary>
        /// <exception cref="NowfaceException">Bundle: there is none of that type.</exception>
        internal Tensor Get(string name, string type)
        {
            if (Tensors.TryGetValue(name, out Tensor tensor) && tensor.Type == type) return tensor;
            throw Wrong("vectors", $"no tensor {name} of type {type}");
        }

        internal string Text(string key) => Metadata.TryGetValue(key, out string text) ? text : "";

        internal static NowfaceException Wrong(string subject, string problem) => new NowfaceException(
            Status.Bundle, $"{subject}: not a readable safetensors file ({problem}); export the bundle again");

        /// <summary>A tensor as the header describes it.</summary>
        private sealed class Entry
        {
            internal Entry(string name, Dictionary<string, object> members, string subject)
            {
                Name = name;
                Type = Member(members, "dtype") as string;
                Shape = Naturals(Member(members, "shape"));
                long[] offsets = Naturals(Member(members, "data_offsets"));
                if (Type == null || Tensor.ElementBytes(Type) == 0 || Shape == null || offsets == null || offsets.Length != 2)
                    throw Wrong(subject, $"tensor {name} is described wrongly");
                Begin = offsets[0];
                End = offsets[1];
            }

            internal string Name { get; }

            internal string Type { get; }

            internal long[] Shape { get; }

            internal long Begin { get; }

            internal long End { get; }

            private static object Member(Dictionary<string, object> members, string key) =>
                members.TryGetValue(key, out object value) ? value : null;

            private static long[] Naturals(object value)
            {
                var items = value as List<object>;
                bool natural = items != null && items.All(item => item is long number && number >= 0 && number <= int.MaxValue);
                return natural ? items.Cast<long>().ToArray() : null;
            }
        }
    }
}
