"""Full-reference image metrics on [0, 1]: PSNR, SSIM, MS-SSIM and HaarPSI."""

from spectralkit_metrics_image.haarpsi import HaarPSI, haarpsi_values
from spectralkit_metrics_image.mask import Mask
from spectralkit_metrics_image.psnr import PSNR, PooledPSNR, psnr, psnr_values
from spectralkit_metrics_image.ssim import SSIM, MultiScaleSSIM, ms_ssim_values, ssim_values

__all__ = [
    "PSNR",
    "SSIM",
    "HaarPSI",
    "Mask",
    "MultiScaleSSIM",
    "PooledPSNR",
    "haarpsi_values",
    "ms_ssim_values",
    "psnr",
    "psnr_values",
    "ssim_values",
]
