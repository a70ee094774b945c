using System.Collections.Generic;
using System.Linq;
using Nowface.Traces;

namespace Nowface
{
    /// <summary>What a bundle's folder holds, for an app that has to unpack it first.</summary>
    public static class BundleFiles
    {
        public const string Manifest = "manifest.json";

        /// <summary>Paths of the files that a manifest lists, relative to its folder, with "/" between their parts.</summary>
        /// <param name="manifestText">What manifest.json holds.</param>
        /// <exception cref="NowfaceException">Bundle: it lists no files, or one outside its folder.</exception>
        public static IReadOnlyList<string> Listed(string manifestText)
        {
            Dictionary<string, object> manifest = Json.ParseObject(manifestText, Manifest);
            var records = (manifest.TryGetValue("files", out object files) ? files : null) as List<object>;
            if (records == null) throw Wrong("it lists no files");
            return records.Select(record => Path(record as Dictionary<string, object>)).ToList();
        }

        private static string Path(Dictionary<string, object> record)
        {
            string path = record != null && record.TryGetValue("path", out object value) ? value as string : null;
            if (string.IsNullOrEmpty(path)) throw Wrong("it lists a file without a path");
            bool inside = path.IndexOfAny(new[] { '\\', ':', '\0' }) < 0
                && path.Split('/').All(part => part != "" && part != "." && part != "..");
            return inside ? path : throw Wrong("it lists a file outside its folder");
        }

        private static NowfaceException Wrong(string problem) =>
            new NowfaceException(Status.Bundle, $"{Manifest}: {problem}; copy the bundle again from its source");
    }
}
