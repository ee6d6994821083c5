"""The Basel Face Model 2009 and the numbers of the cuts that published systems make of it.

Counts, units and file names: Deep3DFaceReconstruction's and extreme_3d_faces' own preparation steps. Raw shapes are in
micrometres and raw colours in 0..255; ``*EV`` are standard deviations although they are named like eigenvalues.
"""

from __future__ import annotations

from ...contract import Licence

NAME = "BFM 2009"
BASEL_FILE = "01_MorphableModel.mat"
BASEL_VERTICES = 53490
BASEL_MODES = 199
BASEL_TRIANGLES = 106466
TRIMMED_VERTICES = 53215
"""Without the inside of the mouth; what the expression models of Guo et al. and of 3DDFA are defined on."""

DEEP3D_VERTICES = 35709
DEEP3D_TRIANGLES = 70789
DEEP3D_IDENTITY = 80
DEEP3D_EXPRESSION = 64
GUO_EXPRESSIONS = 79
GUO_BYTES = 4 + 4 * 3 * TRIMMED_VERTICES * (GUO_EXPRESSIONS + 1)

EXTREME_VERTICES = 46990
EXTREME_TRIANGLES = 93323
EXTREME_MODES = 99
EXTREME_EXPRESSIONS = 29

EOS_POINTS: dict[int, int] = {
    **{17: 38792, 19: 40087, 21: 40514, 22: 41091, 24: 41511, 26: 42825, 30: 8319, 33: 8334, 36: 2088, 39: 5959},
    **{42: 10603, 45: 14472, 48: 5006, 51: 8344, 54: 11714, 57: 8374, 62: 8354, 66: 8366},
}
"""iBUG points (zero-based) on the whole Basel mesh, as the eos library maps them."""

DEEP3D_KEYPOINTS: tuple[int, ...] = (
    *(16644, 16888, 16467, 16264, 32244, 32939, 33375, 33654, 33838, 34022, 34312, 34766, 35472, 27816, 27608, 27208),
    *(27440, 28111, 28787, 29177, 29382, 29549, 30288, 30454, 30662, 31056, 31716, 8161, 8177, 8187, 8192, 6515, 7243),
    *(8204, 9163, 9883, 2215, 3886, 4920, 5828, 4801, 3640, 10455, 11353, 12383, 14066, 12653, 11492, 5522, 6025, 7495),
    *(8215, 8935, 10395, 10795, 9555, 8836, 8236, 7636, 6915, 5909, 7384, 8223, 9064, 10537, 8829, 8229, 7629),
)
"""iBUG 68 on Deep3D's cut, zero-based; ``facemodel_info.mat`` says the same."""

BASEL_SOURCE = "https://faces.dmi.unibas.ch/bfm (register with the University of Basel)"
BASEL_REMEDY = (
    f"“{BASEL_FILE}” of the Basel Face Model 2009 is given out by the University of Basel after registration "
    "(faces.dmi.unibas.ch), for non-commercial use"
)
DEEP3D_REMEDY = (
    f"put “{BASEL_FILE}” (University of Basel, after registration, non-commercial) into one folder with “Exp_Pca.bin” "
    "(CoarseData of Guo et al., github.com/Juyong/3DFace) and “BFM_exp_idx.mat”, “BFM_front_idx.mat”, "
    "“facemodel_info.mat” and “std_exp.txt” from the BFM folder of github.com/sicxu/Deep3DFaceRecon_pytorch, "
    "or take the “BFM_model_front.mat” that Deep3D's own code makes of them"
)
EXTREME_REMEDY = (
    f"put “{BASEL_FILE}” (University of Basel, after registration, non-commercial) into one folder with "
    "“Model_Expression.mat” (3DDFA) and “mod_struct_expr.mat” from the 3DMM_model folder of "
    "github.com/anhttran/extreme_3d_faces, or take the “BaselFaceModel_mod” that its trimBaselFace.py makes of them"
)
MGCNET_REMEDY = (
    "take the “bfm09_trim_exp_uv_presplit.h5” that github.com/jiaxiangshang/MGCNet links to; "
    "it holds the Basel Face Model 2009 (University of Basel, non-commercial)"
)

GUO_LICENCE = Licence(
    "Expression model of Guo et al.", "research use (CoarseData)", False, "https://github.com/Juyong/3DFace"
)
MODEL_EXPRESSION_LICENCE = Licence(
    "3DDFA expression model", "research use", False, "http://www.cbsr.ia.ac.cn/users/xiangyuzhu/projects/3DDFA/main.htm"
)


def licence(cut: str) -> Licence:
    """The licence of the model as ``cut`` of it is called."""
    return Licence(f"{NAME} ({cut})", "Basel Face Model licence (non-commercial)", False, BASEL_SOURCE)
