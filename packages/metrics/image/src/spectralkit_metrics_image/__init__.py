"""Full-reference image metrics on [0, 1]: PSNR, SSIM, MS-SSIM and HaarPSI."""

from spectralkit_metrics_image.psnr import PSNR, PooledPSNR, psnr, psnr_values

__all__ = ["PSNR", "PooledPSNR", "psnr", "psnr_values"]
