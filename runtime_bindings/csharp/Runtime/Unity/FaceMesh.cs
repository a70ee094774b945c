using System.Collections.Generic;
using UnityEngine;

namespace Nowface.Unity
{
    /// <summary>Shows named weights on the blendshapes of a mesh.</summary>
    public sealed class FaceMesh
    {
        private readonly SkinnedMeshRenderer renderer;
        private readonly ChannelMap map;

        /// <param name="renderer">A mesh; one without blendshapes shows nothing.</param>
        /// <param name="channels">Names of the weights: <see cref="Bundle.Channels"/>.</param>
        public FaceMesh(SkinnedMeshRenderer renderer, IReadOnlyList<string> channels)
        {
            this.renderer = renderer;
            Mesh mesh = renderer.sharedMesh;
            var names = new string[mesh == null ? 0 : mesh.blendShapeCount];
            for (int shape = 0; shape < names.Length; shape++) names[shape] = mesh.GetBlendShapeName(shape);
            map = new ChannelMap(channels, names);
        }

        /// <summary>Channels that the mesh cannot show.</summary>
        public IReadOnlyList<string> Missing => map.Missing;

        /// <summary>Sets the blendshapes.</summary>
        /// <param name="weights">One a channel, 0 to 1.</param>
        /// <param name="fullWeight">What Unity calls the blendshape's full weight: 100 for most meshes.</param>
        public void Show(float[] weights, float fullWeight)
        {
            for (int channel = 0; channel < map.Count; channel++)
            {
                int shape = map.ShapeOf(channel);
                if (shape >= 0) renderer.SetBlendShapeWeight(shape, Mathf.Clamp01(weights[channel]) * fullWeight);
            }
        }
    }
}
