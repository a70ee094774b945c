using System.Collections.Generic;

namespace Nowface
{
    /// <summary>A tensor of a signal.</summary>
    public readonly struct SignalTensor
    {
        internal SignalTensor(string name, int[] shape, int valueCount)
        {
            Name = name;
            Shape = shape;
            ValueCount = valueCount;
        }

        public string Name { get; }

        /// <summary>Its dimensions; the floats lie row by row.</summary>
        public IReadOnlyList<int> Shape { get; }

        /// <summary>How many floats it holds.</summary>
        public int ValueCount { get; }
    }
}
