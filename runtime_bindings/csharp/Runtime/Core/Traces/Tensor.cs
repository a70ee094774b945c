using System;

namespace Nowface.Traces
{
    /// <summary>An array of numbers, row by row, as a safetensors file holds it.</summary>
    public sealed class Tensor
    {
        internal Tensor(string type, long[] shape, byte[] data)
        {
            Type = type;
            Shape = shape;
            Data = data;
        }

        /// <summary>F32, I64 or I16.</summary>
        public string Type { get; }

        public long[] Shape { get; }

        /// <summary>Its bytes, little-endian.</summary>
        public byte[] Data { get; }

        internal int Count => Data.Length / ElementBytes(Type);

        internal static Tensor Of(float[] values, params long[] shape) => new Tensor("F32", shape, BytesOf(values, 4));

        internal static Tensor Of(long[] values, params long[] shape) => new Tensor("I64", shape, BytesOf(values, 8));

        internal float[] Floats() => (float[])Copy(new float[Count]);

        internal long[] Longs() => (long[])Copy(new long[Count]);

        internal short[] Shorts() => (short[])Copy(new short[Count]);

        /// <summary>0 for a type that traces do not use.</summary>
        internal static int ElementBytes(string type) => type == "I64" ? 8 : type == "F32" ? 4 : type == "I16" ? 2 : 0;

        internal static bool Holds(string type, long[] shape, long bytes)
        {
            decimal size = ElementBytes(type);
            foreach (long dimension in shape)
            {
                size *= dimension;
                if (size > int.MaxValue) return false;
            }
            return size == bytes;
        }

        private static byte[] BytesOf(Array values, int elementBytes)
        {
            var bytes = new byte[values.Length * elementBytes];
            Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
            return bytes;
        }

        private Array Copy(Array values)
        {
            Buffer.BlockCopy(Data, 0, values, 0, Data.Length);
            return values;
        }
    }
}
