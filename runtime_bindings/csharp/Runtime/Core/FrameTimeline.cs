using System;

namespace Nowface
{
    /// <summary>
    /// The newest frames of a stream, to show the face at any moment between them: a headset draws 72 to 120 pictures a
    /// second, a model gives 25 or 30. Belongs to the thread that polls; does not allocate.
    /// </summary>
    public sealed class FrameTimeline
    {
        private readonly float[][] faces;
        private readonly long[] dues;
        private int newest = -1;
        private int count;

        /// <param name="valueCount">Floats of a frame.</param>
        /// <param name="capacity">Frames that are kept, 2 or more.</param>
        public FrameTimeline(int valueCount, int capacity = 16)
        {
            if (valueCount < 1) throw new ArgumentOutOfRangeException(nameof(valueCount));
            if (capacity < 2) throw new ArgumentOutOfRangeException(nameof(capacity));
            dues = new long[capacity];
            faces = new float[capacity][];
            for (int i = 0; i < capacity; i++) faces[i] = new float[valueCount];
        }

        /// <summary>Takes over all frames that wait in a session; gives how many they were.</summary>
        public int PollAll(Session session)
        {
            int polled = 0;
            for (;;)
            {
                int next = (newest + 1) % faces.Length;
                if (!session.Poll(faces[next], out Frame frame)) return polled;
                Take(frame.DueSample);
                polled++;
            }
        }

        /// <summary>Takes a frame over; frames come in the order of their time.</summary>
        public void Add(long dueSample, float[] values)
        {
            if (values == null) throw new ArgumentNullException(nameof(values));
            float[] face = faces[(newest + 1) % faces.Length];
            if (values.Length < face.Length) throw new ArgumentException($"a frame has {face.Length} values", nameof(values));
            Array.Copy(values, face, face.Length);
            Take(dueSample);
        }

        /// <summary>Forgets all frames: a new stream begins.</summary>
        public void Clear()
        {
            newest = -1;
            count = 0;
        }

        /// <summary>
        /// Writes the face at a moment: between two frames on the straight line from one to the other, before the oldest
        /// kept the oldest, after the newest the newest. False when there is no frame yet.
        /// </summary>
        /// <param name="sample">The moment on the stream's 16 kHz clock.</param>
        /// <param name="values">As many floats as a frame has.</param>
        public bool At(double sample, float[] values)
        {
            if (values == null) throw new ArgumentNullException(nameof(values));
            if (count == 0) return false;
            int later = newest;
            if (sample >= dues[newest])
            {
                Array.Copy(faces[newest], values, faces[newest].Length);
                return true;
            }
            for (int back = 1; back < count; back++)
            {
                int earlier = (newest - back + faces.Length) % faces.Length;
                if (dues[earlier] <= sample)
                {
                    Blend(earlier, later, sample, values);
                    return true;
                }
                later = earlier;
            }
            Array.Copy(faces[later], values, faces[later].Length);
            return true;
        }

        private void Take(long dueSample)
        {
            newest = (newest + 1) % faces.Length;
            dues[newest] = dueSample;
            count = Math.Min(count + 1, faces.Length);
        }

        private void Blend(int earlier, int later, double sample, float[] values)
        {
            float part = (float)((sample - dues[earlier]) / (dues[later] - dues[earlier]));
            float[] from = faces[earlier], to = faces[later];
            for (int i = 0; i < from.Length; i++) values[i] = from[i] + (to[i] - from[i]) * part;
        }
    }
}
