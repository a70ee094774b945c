namespace Nowface
{
    /// <summary>A named piece of a bundle that holds numbers: a signal, parameter, output or state tensor.</summary>
    public readonly struct Item
    {
        internal Item(string name, int valueCount)
        {
            Name = name;
            ValueCount = valueCount;
        }

        public string Name { get; }

        /// <summary>How many floats it holds.</summary>
        public int ValueCount { get; }
    }
}
