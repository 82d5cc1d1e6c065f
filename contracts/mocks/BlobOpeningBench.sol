// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BlobOpening} from "../lib/BlobOpening.sol";

/// @title The library of blob openings, callable
contract BlobOpeningBench {
    /// @notice Reverts unless the blobs hold these values.
    function verify(BlobOpening.Part[] memory parts, bytes memory proof) external view {
        BlobOpening.verify(parts, proof);
    }
}
