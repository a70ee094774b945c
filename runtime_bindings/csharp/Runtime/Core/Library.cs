using System;

namespace Nowface
{
    /// <summary>The native library that this app carries.</summary>
    public static unsafe class Library
    {
        /// <summary>Version of the SDK that it belongs to.</summary>
        /// <exception cref="DllNotFoundException">The app carries none.</exception>
        public static string Version => Utf8.Decode(Native.nowface_version());

        /// <summary>What runs the stages, such as "executorch 1.4.1".</summary>
        /// <exception cref="DllNotFoundException">The app carries none.</exception>
        public static string Runtime => Utf8.Decode(Native.nowface_runtime());

        /// <exception cref="NowfaceException">ABI: the library and this code belong to different versions.</exception>
        /// <exception cref="DllNotFoundException">The app carries no library.</exception>
        internal static void CheckAbi()
        {
            uint version;
            try
            {
                version = Native.nowface_abi_version();
            }
            catch (DllNotFoundException error)
            {
                throw new DllNotFoundException(
                    "nowface: the native library is not in the app; put the one for this system under Assets/Plugins", error);
            }
            if (version == Native.AbiVersion) return;
            throw new NowfaceException(
                Status.Abi,
                $"nowface: the native library has ABI {version}, this code {Native.AbiVersion}; take both from one release");
        }
    }
}
