// As much of Unity as the package uses, for a compiler that has no Unity, with what little behaviour the checks need.
using System;
using System.Collections;
using System.Collections.Generic;

namespace UnityEngine
{
    public class Object
    {
    }

    public sealed class GameObject : Object
    {
        public T AddComponent<T>() where T : Component, new() => new T();

        public void SetActive(bool value)
        {
        }
    }

    public class Component : Object
    {
        public GameObject gameObject { get; } = new GameObject();

        public T[] GetComponentsInChildren<T>(bool includeInactive) => new T[0];
    }

    public sealed class AudioSource : Component
    {
        public AudioClip clip { get; set; }

        public bool loop { get; set; }

        public bool playOnAwake { get; set; }

        public bool isPlaying { get; private set; }

        public void Play() => isPlaying = true;
    }

    public class MonoBehaviour : Component
    {
        public readonly List<IEnumerator> Coroutines = new List<IEnumerator>();

        public Coroutine StartCoroutine(IEnumerator routine)
        {
            Coroutines.Add(routine);
            return null;
        }

        public void StopAllCoroutines() => Coroutines.Clear();
    }

    public sealed class Coroutine
    {
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class AddComponentMenu : Attribute
    {
        public AddComponentMenu(string menu)
        {
        }
    }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class TooltipAttribute : Attribute
    {
        public TooltipAttribute(string text)
        {
        }
    }

    public sealed class TextAsset : Object
    {
        public TextAsset(string text)
        {
            this.text = text;
        }

        public string text { get; }
    }

    public sealed class Mesh : Object
    {
        public string[] Names = new string[0];

        public int blendShapeCount => Names.Length;

        public string GetBlendShapeName(int index) => Names[index];
    }

    public sealed class SkinnedMeshRenderer : Object
    {
        public readonly Dictionary<int, float> Weights = new Dictionary<int, float>();

        public Mesh sharedMesh { get; set; }

        public void SetBlendShapeWeight(int index, float value) => Weights[index] = value;
    }

    public static class Mathf
    {
        public static float Clamp01(float value) => Math.Max(0, Math.Min(1, value));
    }

    public static class Debug
    {
        public static readonly List<string> Lines = new List<string>();

        public static void Log(object line) => Lines.Add(line.ToString());

        public static void LogWarning(object line) => Lines.Add(line.ToString());

        public static void LogException(Exception error) => Lines.Add(error.Message);
    }

    public static class AudioSettings
    {
        public delegate void AudioConfigurationChangeHandler(bool deviceWasChanged);

        public static event AudioConfigurationChangeHandler OnAudioConfigurationChanged;

        public static int outputSampleRate { get; set; } = 48000;

        public static void GetDSPBufferSize(out int bufferLength, out int numBuffers)
        {
            bufferLength = 256;
            numBuffers = 4;
        }

        public static void Change() => OnAudioConfigurationChanged?.Invoke(true);
    }

    public sealed class AudioClip : Object
    {
        public float[] Data;

        public int frequency { get; set; }

        public int channels => 1;

        public int samples => Data.Length;

        public bool GetData(float[] data, int offsetSamples)
        {
            for (int i = 0; i < data.Length; i++) data[i] = Data[(offsetSamples + i) % Data.Length];
            return true;
        }
    }

    public static class Microphone
    {
        public static AudioClip Clip;
        public static int Position;

        public static AudioClip Start(string deviceName, bool loop, int lengthSec, int frequency) => Clip;

        public static int GetPosition(string deviceName) => Position;

        public static void End(string deviceName)
        {
        }
    }

    public static class SystemInfo
    {
        public static string deviceModel => "stub";
    }

    public static class Application
    {
        public static string streamingAssetsPath { get; set; } = "/streaming";

        public static string persistentDataPath { get; set; } = "/persistent";
    }
}

namespace UnityEngine.Networking
{
    public sealed class UnityWebRequestAsyncOperation
    {
    }

    public sealed class DownloadHandler
    {
        public byte[] data { get; internal set; }
    }

    /// <summary>Answers from `Server`, address to bytes.</summary>
    public sealed class UnityWebRequest : IDisposable
    {
        public static readonly Dictionary<string, byte[]> Server = new Dictionary<string, byte[]>();
        public static int Requests;

        private string address;

        public enum Result
        {
            InProgress,
            Success,
            ConnectionError,
        }

        public Result result { get; private set; }

        public string error { get; private set; }

        public DownloadHandler downloadHandler { get; } = new DownloadHandler();

        public static UnityWebRequest Get(string uri) => new UnityWebRequest { address = uri };

        public UnityWebRequestAsyncOperation SendWebRequest()
        {
            Requests++;
            bool known = Server.TryGetValue(address, out byte[] data);
            downloadHandler.data = data;
            error = known ? null : "404";
            result = known ? Result.Success : Result.ConnectionError;
            return null;
        }

        public void Dispose()
        {
        }
    }
}

namespace Unity.Collections
{
    public struct NativeArray<T> where T : struct
    {
        public IntPtr Address;

        public int Length { get; set; }
    }
}

namespace Unity.Collections.LowLevel.Unsafe
{
    public static unsafe class NativeArrayUnsafeUtility
    {
        public static void* GetUnsafeReadOnlyPtr<T>(this NativeArray<T> array) where T : struct => (void*)array.Address;
    }
}
