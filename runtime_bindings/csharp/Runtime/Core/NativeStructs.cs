using System;
using System.Runtime.InteropServices;

namespace Nowface
{
    // The structs of nowface.h, field for field. A test compares every size and offset with the C compiler's.

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct NativeTensor
    {
        internal byte* Name;
        internal uint* Shape;
        internal uint Rank;
        internal uint ValueCount;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeBundleOptions
    {
        internal uint StructSize;
        internal uint AbiVersion;
        internal int SkipHashes;
        internal IntPtr Executor; // null: C# runs the built-in runtime
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct NativeBundleInfo
    {
        internal uint StructSize;
        internal uint FrameRateNumerator;
        internal uint FrameRateDenominator;
        internal uint HopSamples;
        internal uint LookaheadSamples;
        internal uint ChannelCount;
        internal uint VertexCount;
        internal uint ValueCount;
        internal uint SignalCount;
        internal uint ParameterCount;
        internal uint PrecisionCount;
        internal uint OutputCount;
        internal uint StateCount;
        internal byte* Model;
        internal byte* Unit;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct NativeItem
    {
        internal uint StructSize;
        internal uint ValueCount;
        internal byte* Name;
        internal uint TensorCount;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct NativeParameter
    {
        internal byte* Name;
        internal float* Values;
        internal UIntPtr Count;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct NativeSessionOptions
    {
        internal uint StructSize;
        internal uint AbiVersion;
        internal int Mode;
        internal uint SampleRate;
        internal uint QueueMilliseconds;
        internal uint FrameCapacity;
        internal uint HealthInterval;
        internal int HasSeed;
        internal ulong Seed;
        internal byte* Precision;
        internal NativeParameter* Parameters;
        internal UIntPtr ParameterCount;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeFrame
    {
        internal uint StructSize;
        internal uint ValueCount;
        internal long Index;
        internal long DueSample;
        internal float Seconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeReport
    {
        internal uint StructSize;
        internal uint Reserved;
        internal long Samples;
        internal long Frames;
        internal long DroppedSamples;
        internal long SkippedFrames;
        internal long NonFiniteSamples;
        internal long ClippedSamples;
        internal long Restarts;
        internal long Signals;
        internal long DroppedSignals;
        internal float DelayMilliseconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeEvent
    {
        internal uint StructSize;
        internal int Kind;
        internal long Sample;
        internal long Count;
    }
}
