using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Nowface;
using Nowface.Traces;

namespace Checks
{
    /// <summary>Reading and writing of traces.</summary>
    public static class TraceChecks
    {
        public static void WriteTrace(string folder, string path)
        {
            var metadata = new Dictionary<string, string> { ["device"] = "a \"mono\" \\ machine\n" };
            File.WriteAllBytes(path, Replay.Run(folder, null, metadata).ToBytes());
        }

        public static void HasNoVectors(string folder)
        {
            Expect.Refuses(Status.Bundle, () => Replay.Run(folder), "no test vectors");
        }

        public static void ReadsWhatItWrites(string path)
        {
            byte[] bytes = File.ReadAllBytes(path);
            TensorFile read = TensorFile.Parse(bytes, path);
            TensorFile again = TensorFile.Parse(read.ToBytes(), path);
            Expect.Equal(read.Tensors.Count, again.Tensors.Count);
            foreach (KeyValuePair<string, Tensor> pair in read.Tensors)
            {
                Expect.Equal(pair.Value.Type, again.Tensors[pair.Key].Type);
                Expect.Equal(Convert.ToBase64String(pair.Value.Data), Convert.ToBase64String(again.Tensors[pair.Key].Data));
            }
            foreach (KeyValuePair<string, string> text in read.Metadata) Expect.Equal(text.Value, again.Metadata[text.Key]);
            for (int length = 0; length < bytes.Length; length += 1 + length / 5)
            {
                var cut = new byte[length];
                Array.Copy(bytes, cut, length);
                Expect.Refuses(Status.Bundle, () => TensorFile.Parse(cut, "cut"), "cut");
            }
        }

        public static void RefusesDamagedTensors()
        {
            string[] headers =
            {
                "", "[]", "{", "{\"a\":1}", "{\"a\":{}}", "{\"__metadata__\":{\"a\":1}}", "{\"a\":1,}", "{} x", "nul", "{\"\\q\":1}",
                "{\"a\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,2147483647],\"data_offsets\":[0,4]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{}}",
                new string('[', 100000),
            };
            foreach (string header in headers)
                Expect.Refuses(Status.Bundle, () => TensorFile.Parse(Bytes(header, 4), "vectors"), "vectors");
            TensorFile good = TensorFile.Parse(Bytes(Good, 4), "vectors");
            Expect.Equal("F32", good.Tensors["a"].Type);
            Expect.Equal("\u00e9\n", good.Metadata["\"k"]);
            Expect.Refuses(Status.Bundle, () => TensorFile.Parse(Bytes(Good, 5), "vectors"), "longer");
        }

        public static void ListsTheFilesOfAManifest()
        {
            Expect.Equal("a/b.pte", BundleFiles.Listed("{\"files\":[{\"path\":\"a/b.pte\"}]}")[0]);
            string[] bad = { "{}", "{\"files\":1}", "{\"files\":[1]}", "{\"files\":[{}]}", "x" };
            foreach (string manifest in bad) Expect.Refuses(Status.Bundle, () => BundleFiles.Listed(manifest));
            foreach (string path in new[] { "../a", "/a", "a//b", "a/./b", "C:/a", "..\\\\a", "" })
                Expect.Refuses(Status.Bundle, () => BundleFiles.Listed($"{{\"files\":[{{\"path\":\"{path}\"}}]}}"));
        }

        private const string Good =
            "{\"__metadata__\":{\"\\\"k\":\"\\u00e9\\n\"},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";

        private static byte[] Bytes(string header, int data)
        {
            byte[] text = Encoding.UTF8.GetBytes(header);
            var bytes = new byte[8 + text.Length + data];
            BitConverter.GetBytes((ulong)text.Length).CopyTo(bytes, 0);
            text.CopyTo(bytes, 8);
            return bytes;
        }
    }
}
