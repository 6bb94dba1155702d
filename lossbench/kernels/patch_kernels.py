"""Images as the patches that a convolution looks at, and back: with them a convolution is a product of two matrices.

Images are (N, H, W·C), channels last. Around them lie `margin` pixels of 0, and the patches (N·H'·W', k·l·C) stand in the order
of their upper left corners, H' = H + 2·margin − k + 1 rows of W' = W + 2·margin − l + 1. Copies and sums are made image by image,
so that no number depends on how many images there are.
"""

from lossbench.kernels.compilation import compiled
from lossbench.kernels.link_kernels import Numbers


@compiled()
def images_to_patches(images: Numbers, channels: int, margin: int, patches: Numbers) -> None:
    """Copy the patches of k rows of images (N, H, W·C) into (N, H', W', k, l·C)."""
    count, height, width = images.shape
    for n in range(count):
        for top in range(patches.shape[1]):
            for i in range(patches.shape[3]):
                row = top + i - margin
                inside = 0 <= row < height
                for left in range(patches.shape[2]):
                    start, into = (left - margin) * channels, patches[n, top, left, i]
                    if inside and start >= 0 and start + len(into) <= width:
                        pixels = images[n, row, start : start + len(into)]
                        for q in range(len(into)):
                            into[q] = pixels[q]
                    else:
                        for q in range(len(into)):
                            into[q] = images[n, row, start + q] if inside and 0 <= start + q < width else 0


@compiled()
def patches_to_images(patches: Numbers, channels: int, margin: int, images: Numbers) -> None:
    """Add what stands in patches (N, H', W', k, l·C) to the pixels (N, H, W·C) that they are of, from 0 on, in their order."""
    count, height, width = images.shape
    images[:] = 0
    for n in range(count):
        for top in range(patches.shape[1]):
            for left in range(patches.shape[2]):
                start = (left - margin) * channels
                for i in range(patches.shape[3]):
                    row, parts = top + i - margin, patches[n, top, left, i]
                    if row < 0 or row >= height:
                        continue
                    first, last = max(0, -start), min(len(parts), width - start)
                    pixels, own = images[n, row, start + first : start + last], parts[first:last]
                    for q in range(len(own)):
                        pixels[q] += own[q]
