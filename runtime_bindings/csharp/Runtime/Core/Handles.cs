using System;
using System.Runtime.InteropServices;

namespace Nowface
{
    /// <summary>Owns a nowface_bundle; closed after the last call that uses it.</summary>
    internal sealed class BundleHandle : SafeHandle
    {
        internal BundleHandle(IntPtr bundle) : base(IntPtr.Zero, true)
        {
            SetHandle(bundle);
        }

        public override bool IsInvalid => handle == IntPtr.Zero;

        protected override bool ReleaseHandle()
        {
            Native.nowface_bundle_close(handle);
            return true;
        }
    }

    /// <summary>Owns a nowface_session; destroyed after the last call that uses it, on whichever thread that is.</summary>
    internal sealed class SessionHandle : SafeHandle
    {
        internal SessionHandle(IntPtr session) : base(IntPtr.Zero, true)
        {
            SetHandle(session);
        }

        public override bool IsInvalid => handle == IntPtr.Zero;

        protected override bool ReleaseHandle()
        {
            Native.nowface_session_destroy(handle);
            return true;
        }
    }
}
