using System;

namespace Nowface
{
    /// <summary>A call failed. The message says in one line what was wrong and how to mend it.</summary>
    public sealed class NowfaceException : Exception
    {
        public NowfaceException(Status status, string message) : base(message)
        {
            Status = status;
        }

        public Status Status { get; }
    }
}
