using System;
using System.Runtime.InteropServices;

namespace Nowface
{
    /// <summary>The functions of nowface.h.</summary>
    internal static unsafe class Native
    {
        // Systems that allow no dynamic plugins link the library into the app.
#if (UNITY_IOS || UNITY_TVOS || UNITY_VISIONOS) && !UNITY_EDITOR
        private const string Library = "__Internal";
#else
        private const string Library = "nowface";
#endif
        private const CallingConvention Cdecl = CallingConvention.Cdecl;

        internal const uint AbiVersion = 1;

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern uint nowface_abi_version();

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern byte* nowface_version();

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern byte* nowface_runtime();

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern byte* nowface_last_error();

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_bundle_open(byte* path, NativeBundleOptions* options, out IntPtr bundle);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_bundle_get_info(BundleHandle bundle, NativeBundleInfo* info);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_bundle_item(BundleHandle bundle, int kind, uint index, NativeItem* item);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_bundle_signal_tensor(
            BundleHandle bundle, uint signal, uint index, NativeTensor* tensor);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_bundle_parameter(BundleHandle bundle, uint index, float* values, UIntPtr capacity);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern void nowface_bundle_close(IntPtr bundle);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_session_create(BundleHandle bundle, NativeSessionOptions* options, out IntPtr session);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_push_float(SessionHandle session, float* samples, UIntPtr count);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_push_int16(SessionHandle session, short* samples, UIntPtr count);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_push_signal(
            SessionHandle session, uint signal, float* values, UIntPtr count, long sample);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_poll(SessionHandle session, NativeFrame* frame, float* values, UIntPtr capacity);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_session_set_retarget(SessionHandle session, byte* json, UIntPtr size);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_session_set_strength(SessionHandle session, byte* knob, float strength);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_session_flush(SessionHandle session);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_session_wait(SessionHandle session, uint milliseconds);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_session_reset(SessionHandle session);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_session_snapshot(SessionHandle session, void* buffer, UIntPtr* size);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_session_restore(SessionHandle session, void* buffer, UIntPtr size);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_session_get_report(SessionHandle session, NativeReport* report);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_session_next_event(SessionHandle session, NativeEvent* sessionEvent);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern void nowface_session_destroy(IntPtr session);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_session_output(SessionHandle session, uint output, float* values, UIntPtr capacity);

        [DllImport(Library, CallingConvention = Cdecl)]
        internal static extern int nowface_session_digests(SessionHandle session, float* digests, UIntPtr capacity);

        /// <summary>True for OK, false for NO_FRAME.</summary>
        /// <exception cref="NowfaceException">For an error, with the library's own line.</exception>
        internal static bool Check(int status)
        {
            if (status == (int)Status.Ok) return true;
            if (status == (int)Status.NoFrame) return false;
            throw new NowfaceException((Status)status, Utf8.Decode(nowface_last_error()));
        }
    }
}
