using System;
using System.Collections.Generic;

namespace Nowface
{
    /// <summary>
    /// An exported model in a folder. May be used from any thread. Its sessions go on after it is disposed.
    /// </summary>
    public sealed unsafe class Bundle : IDisposable
    {
        private const int ChannelKind = 0, SignalKind = 1, ParameterKind = 2, PrecisionKind = 3, OutputKind = 4, StateKind = 5;

        private readonly BundleHandle handle;

        private Bundle(BundleHandle handle)
        {
            this.handle = handle;
            NativeBundleInfo info = default;
            info.StructSize = (uint)sizeof(NativeBundleInfo);
            Native.Check(Native.nowface_bundle_get_info(handle, &info));
            Model = Utf8.Decode(info.Model);
            Unit = Utf8.Decode(info.Unit);
            FrameRateNumerator = (int)info.FrameRateNumerator;
            FrameRateDenominator = (int)info.FrameRateDenominator;
            HopSamples = (int)info.HopSamples;
            LookaheadSamples = (int)info.LookaheadSamples;
            VertexCount = (int)info.VertexCount;
            ValueCount = (int)info.ValueCount;
            Channels = Names(Items(ChannelKind, info.ChannelCount));
            Precisions = Names(Items(PrecisionKind, info.PrecisionCount));
            Signals = Items(SignalKind, info.SignalCount);
            Parameters = Items(ParameterKind, info.ParameterCount);
            Outputs = Items(OutputKind, info.OutputCount);
            State = Items(StateKind, info.StateCount);
        }

        /// <summary>Name of the model, such as faceformer.</summary>
        public string Model { get; }

        /// <summary>Unit of the values, such as mm; 1 for pure numbers.</summary>
        public string Unit { get; }

        /// <summary>Frames a second are FrameRateNumerator / FrameRateDenominator.</summary>
        public int FrameRateNumerator { get; }

        public int FrameRateDenominator { get; }

        /// <summary>Samples at 16 kHz that the model reads at a time.</summary>
        public int HopSamples { get; }

        /// <summary>Samples at 16 kHz after a frame's time that it needs; 0 for zero lookahead.</summary>
        public int LookaheadSamples { get; }

        /// <summary>Vertices of a frame, x y z each; 0 when a frame is named values.</summary>
        public int VertexCount { get; }

        /// <summary>Floats of a frame: one a channel, or three a vertex.</summary>
        public int ValueCount { get; }

        /// <summary>Names of a frame's values, such as jawOpen; empty when a frame is vertices.</summary>
        public IReadOnlyList<string> Channels { get; }

        /// <summary>What a session may compute in; the first is the default.</summary>
        public IReadOnlyList<string> Precisions { get; }

        /// <summary>What may be given beside the sound, such as a tracked face.</summary>
        public IReadOnlyList<Item> Signals { get; }

        /// <summary>What a session may replace, such as the template.</summary>
        public IReadOnlyList<Item> Parameters { get; }

        /// <summary>Outputs of the frame stages, for <see cref="Session.ReadOutput"/>.</summary>
        public IReadOnlyList<Item> Outputs { get; }

        /// <summary>State tensors, for <see cref="Session.ReadDigests"/>.</summary>
        public IReadOnlyList<Item> State { get; }

        /// <summary>Opens the bundle in a folder, after a look at the size and SHA-256 of its files.</summary>
        /// <param name="folder">A folder of the file system; StreamingAssets inside an .apk is none.</param>
        /// <param name="skipHashes">Do not compare files with their SHA-256: only for a folder an installer verified.</param>
        /// <exception cref="NowfaceException">Bundle: the folder is damaged or is no bundle.</exception>
        /// <exception cref="DllNotFoundException">The app does not carry the native library.</exception>
        public static Bundle Open(string folder, bool skipHashes = false)
        {
            if (folder == null) throw new ArgumentNullException(nameof(folder));
            Library.CheckAbi();
            NativeBundleOptions options = default;
            options.StructSize = (uint)sizeof(NativeBundleOptions);
            options.AbiVersion = Native.AbiVersion;
            options.SkipHashes = skipHashes ? 1 : 0;
            fixed (byte* path = Utf8.Encode(folder))
            {
                Native.Check(Native.nowface_bundle_open(path, &options, out IntPtr opened));
                return new Bundle(new BundleHandle(opened));
            }
        }

        /// <summary>Starts a stream: loads the model and runs it once to warm up. Takes a while; any thread will do.</summary>
        /// <exception cref="NowfaceException">An option cannot be used, or the model cannot run here.</exception>
        public Session CreateSession(SessionOptions options = null)
        {
            using (var native = new PinnedSessionOptions(options ?? new SessionOptions()))
            {
                NativeSessionOptions made = native.Value;
                Native.Check(Native.nowface_session_create(handle, &made, out IntPtr session));
                return new Session(new SessionHandle(session), this);
            }
        }

        /// <summary>What one value of a signal holds, one tensor after the other.</summary>
        /// <exception cref="NowfaceException">Usage: the model has no such signal.</exception>
        public SignalTensor[] SignalTensors(string signal)
        {
            uint number = (uint)Find(Signals, "signal", signal);
            var tensors = new SignalTensor[ReadItem(SignalKind, number).TensorCount];
            for (uint index = 0; index < tensors.Length; index++)
            {
                NativeTensor native;
                Native.Check(Native.nowface_bundle_signal_tensor(handle, number, index, &native));
                var shape = new int[native.Rank];
                for (int axis = 0; axis < shape.Length; axis++) shape[axis] = (int)native.Shape[axis];
                tensors[index] = new SignalTensor(Utf8.Decode(native.Name), shape, (int)native.ValueCount);
            }
            return tensors;
        }

        /// <summary>The values of a parameter that a session begins with if it is given none.</summary>
        /// <exception cref="NowfaceException">Usage: the model has no such parameter.</exception>
        public float[] DefaultValues(string parameter)
        {
            int number = Find(Parameters, "parameter", parameter);
            var values = new float[Parameters[number].ValueCount];
            fixed (float* first = values)
            {
                Native.Check(Native.nowface_bundle_parameter(handle, (uint)number, first, (UIntPtr)(uint)values.Length));
            }
            return values;
        }

        public void Dispose() => handle.Dispose();

        private NativeItem ReadItem(int kind, uint index)
        {
            NativeItem item = default;
            item.StructSize = (uint)sizeof(NativeItem);
            Native.Check(Native.nowface_bundle_item(handle, kind, index, &item));
            return item;
        }

        private Item[] Items(int kind, uint count)
        {
            var items = new Item[count];
            for (uint index = 0; index < count; index++)
            {
                NativeItem item = ReadItem(kind, index);
                items[index] = new Item(Utf8.Decode(item.Name), (int)item.ValueCount);
            }
            return items;
        }

        private static int Find(IReadOnlyList<Item> items, string kind, string name)
        {
            for (int index = 0; index < items.Count; index++)
            {
                if (items[index].Name == name) return index;
            }
            throw new NowfaceException(
                Status.Usage, $"{kind} {name}: the model has none of that name; see the bundle for those it has");
        }

        private static string[] Names(Item[] items) => Array.ConvertAll(items, item => item.Name);
    }
}
