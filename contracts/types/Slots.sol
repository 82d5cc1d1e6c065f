// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Packed words of a channel
/// @dev duplex  slot0 = netA int112 (0..111) | netB int112 (112..223) | deadline uint32 (224..255)
///      simplex slot0 = net uint112 (0..111) | sent uint112 (112..223) | deadline uint32 (224..255)
///      slot1        = sentA uint112 (0..111) | sentB uint112 (112..223) | epoch uint30 (224..253)
///                     | locks of A's direction stand (254) | locks of B's direction stand (255)
///      lock word    = nonce uint48 (208..255) | fingerprint (0..207)
library Slots {
    uint256 internal constant MASK112 = (1 << 112) - 1;
    uint256 internal constant MASK208 = (1 << 208) - 1;
    uint256 internal constant MASK224 = (1 << 224) - 1;
    uint256 internal constant MAX_NET = (1 << 111) - 1;
    uint256 internal constant MAX_EPOCH = (1 << 30) - 1;
    /// @dev In the deadline's place: the channel is closed for good.
    uint256 internal constant CLOSED = type(uint32).max;

    function deadline(uint256 slot0) internal pure returns (uint256) {
        return slot0 >> 224;
    }

    function nets(uint256 slot0) internal pure returns (int256 netA, int256 netB) {
        assembly ("memory-safe") {
            netA := signextend(13, slot0)
            netB := signextend(13, shr(112, slot0))
        }
    }

    /// @dev Callers have bounded both nets to int112.
    function packNets(int256 netA, int256 netB) internal pure returns (uint256) {
        return (uint256(netA) & MASK112) | ((uint256(netB) & MASK112) << 112);
    }

    function sent(uint256 slot1, bool fromB) internal pure returns (uint256) {
        return fromB ? (slot1 >> 112) & MASK112 : slot1 & MASK112;
    }

    function withSent(uint256 slot1, bool fromB, uint256 amount) internal pure returns (uint256) {
        return fromB ? (slot1 & ~(MASK112 << 112)) | (amount << 112) : (slot1 & ~MASK112) | amount;
    }

    function epoch(uint256 slot1) internal pure returns (uint256) {
        return (slot1 >> 224) & MAX_EPOCH;
    }

    function lockFlag(bool fromB) internal pure returns (uint256) {
        return fromB ? 1 << 255 : 1 << 254;
    }

    function fingerprint(uint256 locked, uint256 lastExpiry, bytes32 locksHash) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(locked, lastExpiry, locksHash))) >> 48;
    }

    /// @notice What A is paid: `clamp(netA - sentA + sentB, 0, netA + netB)`. Also the total.
    function payoff(uint256 slot0, uint256 sentA, uint256 sentB) internal pure returns (uint256 payA, uint256 total) {
        (int256 netA, int256 netB) = nets(slot0);
        unchecked {
            // All terms are below 2^128: no overflow in 256 bits.
            int256 sum = netA + netB;
            int256 pay = netA - int256(sentA) + int256(sentB);
            if (pay < 0) pay = 0;
            if (pay > sum) pay = sum;
            return (uint256(pay), uint256(sum));
        }
    }
}
