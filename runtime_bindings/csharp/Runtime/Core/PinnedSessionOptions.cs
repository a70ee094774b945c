using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Nowface
{
    /// <summary>Options as the native library reads them; valid until disposed.</summary>
    internal sealed unsafe class PinnedSessionOptions : IDisposable
    {
        private readonly List<GCHandle> pins = new List<GCHandle>();

        internal PinnedSessionOptions(SessionOptions options)
        {
            try
            {
                var parameters = new NativeParameter[options.Parameters.Count];
                int count = 0;
                foreach (KeyValuePair<string, float[]> parameter in options.Parameters)
                {
                    float[] values = parameter.Value ?? throw new ArgumentNullException(parameter.Key);
                    parameters[count].Name = (byte*)Pin(Utf8.Encode(parameter.Key));
                    parameters[count].Values = (float*)Pin(values);
                    parameters[count].Count = (UIntPtr)(uint)values.Length;
                    count++;
                }
                Value.StructSize = (uint)sizeof(NativeSessionOptions);
                Value.AbiVersion = Native.AbiVersion;
                Value.Mode = (int)options.Mode;
                Value.SampleRate = Natural(options.SampleRate, nameof(options.SampleRate));
                Value.QueueMilliseconds = Natural(options.QueueMilliseconds, nameof(options.QueueMilliseconds));
                Value.FrameCapacity = Natural(options.FrameCapacity, nameof(options.FrameCapacity));
                Value.HealthInterval = Natural(options.HealthInterval, nameof(options.HealthInterval));
                Value.HasSeed = options.Seed.HasValue ? 1 : 0;
                Value.Seed = options.Seed.GetValueOrDefault();
                Value.Precision = options.Precision == null ? null : (byte*)Pin(Utf8.Encode(options.Precision));
                Value.Parameters = count == 0 ? null : (NativeParameter*)Pin(parameters);
                Value.ParameterCount = (UIntPtr)(uint)count;
            }
            catch (ArgumentException)
            {
                Dispose();
                throw;
            }
        }

        internal NativeSessionOptions Value;

        public void Dispose()
        {
            foreach (GCHandle pin in pins) pin.Free();
            pins.Clear();
        }

        private static uint Natural(int number, string name)
        {
            if (number < 0) throw new ArgumentOutOfRangeException(name, number, "cannot be below 0");
            return (uint)number;
        }

        private void* Pin(object blittable)
        {
            GCHandle pin = GCHandle.Alloc(blittable, GCHandleType.Pinned);
            pins.Add(pin);
            return (void*)pin.AddrOfPinnedObject();
        }
    }
}
