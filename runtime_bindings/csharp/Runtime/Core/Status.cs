namespace Nowface
{
    /// <summary>What a call of the native library ended in; the numbers of nowface.h.</summary>
    public enum Status
    {
        Ok = 0,

        /// <summary>No frame can be computed from the samples so far, or a wait ran out.</summary>
        NoFrame = 1,

        /// <summary>An argument cannot be used.</summary>
        Usage = -1,

        /// <summary>This code was written for another version of the native library.</summary>
        Abi = -2,

        /// <summary>The folder is damaged or is no bundle.</summary>
        Bundle = -3,

        /// <summary>The bundle has no such precision, or the native library cannot run it.</summary>
        Target = -4,

        /// <summary>The session's state does not allow the call: flushed, or a foreign snapshot.</summary>
        Session = -5,

        /// <summary>A stage gives non-finite values even from its start state.</summary>
        Numerical = -6,

        /// <summary>The caller's buffer is too small.</summary>
        Buffer = -7,

        /// <summary>There is not enough memory.</summary>
        Memory = -8,

        /// <summary>A fault of the native library: please report it.</summary>
        Internal = -9,
    }
}
