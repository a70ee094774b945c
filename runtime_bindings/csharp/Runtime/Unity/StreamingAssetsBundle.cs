using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using UnityEngine;
using UnityEngine.Networking;

namespace Nowface.Unity
{
    /// <summary>
    /// A bundle that the app carries in StreamingAssets. On Android these are entries of the .apk and no files: the bundle
    /// is copied to the app's own storage when it is first used, and again when an update brings another one.
    /// </summary>
    public static class StreamingAssetsBundle
    {
        /// <summary>A coroutine that finds the bundle's folder and tells it to `found`.</summary>
        /// <param name="name">Folder in StreamingAssets, or an absolute path, which is told as it is.</param>
        /// <param name="found">Gets a path for <see cref="Bundle.Open"/>.</param>
        /// <param name="failed">Gets what went wrong instead.</param>
        public static IEnumerator Locate(string name, Action<string> found, Action<Exception> failed)
        {
            string source = Path.Combine(Application.streamingAssetsPath, name);
            if (!source.Contains("://"))
            {
                found(source);
                yield break;
            }
            string target = Path.Combine(Application.persistentDataPath, "nowface", name);
            byte[] manifest = null;
            yield return Fetch($"{source}/{BundleFiles.Manifest}", bytes => manifest = bytes, failed);
            if (manifest == null) yield break;
            if (IsCopyOf(target, manifest))
            {
                found(target);
                yield break;
            }
            if (!Attempt(() => Clear(target), failed)) yield break;
            IReadOnlyList<string> files = null;
            if (!Attempt(() => files = BundleFiles.Listed(Encoding.UTF8.GetString(manifest)), failed)) yield break;
            foreach (string file in files)
            {
                byte[] data = null;
                yield return Fetch($"{source}/{file}", bytes => data = bytes, failed);
                if (data == null || !Attempt(() => Write(Path.Combine(target, file), data), failed)) yield break;
            }
            // The manifest comes last: a copy that was cut off has none, and is made again.
            if (Attempt(() => Write(Path.Combine(target, BundleFiles.Manifest), manifest), failed)) found(target);
        }

        private static bool IsCopyOf(string target, byte[] manifest)
        {
            string path = Path.Combine(target, BundleFiles.Manifest);
            return File.Exists(path) && File.ReadAllBytes(path).SequenceEqual(manifest);
        }

        private static void Clear(string folder)
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, true);
        }

        private static void Write(string path, byte[] data)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path));
            File.WriteAllBytes(path, data);
        }

        private static bool Attempt(Action action, Action<Exception> failed)
        {
            try
            {
                action();
                return true;
            }
            catch (Exception error) when (error is IOException || error is UnauthorizedAccessException || error is NowfaceException)
            {
                failed(error);
                return false;
            }
        }

        private static IEnumerator Fetch(string address, Action<byte[]> done, Action<Exception> failed)
        {
            using (UnityWebRequest request = UnityWebRequest.Get(address))
            {
                yield return request.SendWebRequest();
                if (request.result == UnityWebRequest.Result.Success) done(request.downloadHandler.data);
                else failed(new IOException($"{address}: {request.error}; put the bundle's folder under Assets/StreamingAssets"));
            }
        }
    }
}
