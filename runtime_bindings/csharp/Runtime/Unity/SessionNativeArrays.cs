using Unity.Collections;
using Unity.Collections.LowLevel.Unsafe;

namespace Nowface.Unity
{
    /// <summary>Sound that jobs and audio graphs hold outside the managed heap.</summary>
    public static unsafe class SessionNativeArrays
    {
        /// <summary>Takes mono samples in, any number, in [-1, 1].</summary>
        /// <exception cref="NowfaceException">Session: the stream was flushed.</exception>
        public static void Push(this Session session, NativeArray<float> samples)
        {
            session.Push((float*)samples.GetUnsafeReadOnlyPtr(), samples.Length);
        }

        /// <summary>Takes mono samples of 16 bits in, any number.</summary>
        /// <exception cref="NowfaceException">Session: the stream was flushed.</exception>
        public static void Push(this Session session, NativeArray<short> samples)
        {
            session.Push((short*)samples.GetUnsafeReadOnlyPtr(), samples.Length);
        }
    }
}
