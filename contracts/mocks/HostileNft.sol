// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockNft} from "./MockNft.sol";
import {ReentryProbe} from "./ReentryProbe.sol";

/// @title HostileNft
/// @notice An ERC-721 token that makes the armed call during transfers, and misbehaves according to its mode.
contract HostileNft is MockNft, ReentryProbe {
    enum Mode {
        Honest,
        Idle, // transfers succeed and move nothing
        Frozen, // transfers revert
        BurnGas, // transfers consume all gas
        Shapeless // the owner of a token is answered with two bytes
    }

    error NftFrozen(uint256 id);

    Mode public mode;

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function ownerOf(uint256 id) public view override returns (address) {
        if (mode == Mode.Shapeless) {
            assembly ("memory-safe") {
                return(0, 2)
            }
        }
        return super.ownerOf(id);
    }

    function transferFrom(address from, address to, uint256 id) public override {
        _probe();
        if (mode == Mode.Idle) return;
        if (mode == Mode.Frozen) revert NftFrozen(id);
        if (mode == Mode.BurnGas) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        super.transferFrom(from, to, id);
    }
}
