// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BlobOpening} from "../lib/BlobOpening.sol";

/// @title External access to the library of blob openings
contract BlobOpeningBench {
    /// @notice Reverts unless the blobs contain the values of the parts.
    function verify(BlobOpening.Part[] memory parts, bytes memory proof) external view {
        BlobOpening.verify(parts, proof);
    }
}
