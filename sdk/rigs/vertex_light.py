"""Light that VTK works out at the points of a surface instead of at its pixels.

VTK lights each pixel. Without a graphics card that is most of a picture's time, the more so as the triangles of a
subdivided surface cover few pixels each and a rasteriser shades whole blocks of them. A surface whose points lie closer
together than its light changes looks the same with light at the points. This is VTK's own formula, for directional
lights, in its vertex shader; the pixels are left with the texture. Its template's comments say where code goes in.
"""

from __future__ import annotations

from typing import Any

VARYING = "vec3 litVSOutput;"
"""Light of a point, as VTK names what goes from points to pixels."""

MATERIAL = """
uniform float ambientIntensity, diffuseIntensity, specularIntensity, specularPowerUniform;
uniform vec3 ambientColorUniform, diffuseColorUniform, specularColorUniform;
"""

LIGHT = "uniform vec3 lightColor{0}, lightDirectionVC{0};\n"

MIRROR = """
  vec3 normalVC = normalize(normalMatrix * normalMC);
  vec3 mirroredVC = reflect(normalize((MCVCMatrix * vertexMC).xyz), normalVC);
  vec3 diffuse = vec3(0.0), specular = vec3(0.0);
  float facing, sharp;
"""

ONE_LIGHT = """
  facing = dot(normalVC, -lightDirectionVC{0});
  diffuse += max(0.0, facing) * lightColor{0};
  sharp = pow(max(1e-5, dot(mirroredVC, -lightDirectionVC{0})), specularPowerUniform);
  specular += sign(max(0.0, facing)) * sharp * lightColor{0};
"""

SUM = """
  litVSOutput = ambientIntensity * ambientColorUniform + diffuseIntensity * diffuseColorUniform * diffuse
    + specularIntensity * specularColorUniform * specular;
"""


def light_at_points(actor: Any, lights: int) -> None:
    """Light an actor of VTK, which has normals, at its points, by that many directional lights of its scene."""
    shader = actor.GetShaderProperty()
    declared = "".join(LIGHT.format(number) for number in range(lights))
    summed = "".join(ONE_LIGHT.format(number) for number in range(lights))
    for stage, place, code in (
        ("Vertex", "Normal::Dec", f"//VTK::Normal::Dec\nout {VARYING}{MATERIAL}{declared}"),
        ("Vertex", "Light::Impl", MIRROR + summed + SUM),
        ("Fragment", "Normal::Dec", f"in {VARYING}"),
        ("Fragment", "Normal::Impl", ""),
        ("Fragment", "Color::Impl", ""),
        ("Fragment", "Light::Impl", "  fragOutput0 = vec4(litVSOutput, 1.0);"),
    ):
        # The first True: before VTK puts its own code in the same place.
        getattr(shader, f"Add{stage}ShaderReplacement")(f"//VTK::{place}", True, code, False)
