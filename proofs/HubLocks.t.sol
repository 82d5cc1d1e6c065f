// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HubProver} from "./HubProver.sol";
import {IChannelHubTypes} from "@layer2/interfaces/IChannelHubTypes.sol";
import {Slots} from "@layer2/types/Slots.sol";

/// @title Locks: posting and unlocking move no money, and change only their own direction
contract HubLocksTest is HubProver {
    struct Posting {
        uint128 amount;
        uint48 nonce;
        uint128 locked;
        uint48 lastExpiry;
        bytes32 root;
    }

    /// @dev A voucher lock that pays the receiver, because halmos 0.3.3 cannot evaluate SHA-256 of unknown bytes.
    struct Opened {
        uint112 amount;
        uint48 expiry;
        bytes32 salt;
        uint128 worth;
        uint256 limit;
    }

    address private constant PAYER = address(0x9A1E2);

    function check_postLocks_moves_no_money_and_goes_up_alone(Words memory w, Posting memory p) external {
        if (!_moves_nothing(STRANGER, w, _post(p))) return;
        assert(_word(512) >> 208 == p.nonce && p.nonce > w.proofA >> 208);
        assert(_word(768) & Slots.MASK112 == p.amount && uint256(p.amount) + p.locked <= Slots.MASK112);
        assert(_word(256) == w.slot1 && _word(1024) == w.proofB && _word(1280) == w.claimB);
    }

    function check_postLocks_by_a_stranger_leaves_time_to_answer(Words memory w, Posting memory p) external {
        if (!_moves_nothing(STRANGER, w, _post(p))) return;
        (uint256 before, uint256 deadline) = (w.slot0 >> 224, _word(0) >> 224);
        assert(before != 0 && before != Slots.CLOSED && w.time <= before);
        assert(deadline >= before && deadline >= uint256(w.time) + DELAY && deadline >= p.lastExpiry);
        // The deadline never moves past the limit set by the first proof of the direction.
        uint256 latest = w.proofA >> 208 != 0 ? w.claimA >> 224 : uint256(w.time) + 2 * uint256(DELAY) + LONGEST;
        assert(deadline == before || deadline <= latest);
    }

    function check_unlock_pays_the_lock_within_the_limit_alone(Words memory w, Opened memory o) external {
        if (!_moves_nothing(B, w, _unlock(w, o))) return;
        (uint256 before, uint256 later) = (w.claimA & Slots.MASK112, _word(768) & Slots.MASK112);
        uint256 most = o.worth < o.amount ? o.worth : o.amount;
        assert(later == (before + most < o.limit ? before + most : o.limit));
        assert(w.time <= w.slot0 >> 224 && w.time <= o.expiry);
        // Only the lock's own bit changes, which was not set, and no other word of the channel.
        assert((w.claimA >> 112) & 1 == 0 && _word(768) >> 112 == (w.claimA >> 112) | 1);
        assert(_word(0) == w.slot0 && _word(256) == w.slot1 && _word(512) == w.proofA);
        assert(_word(1024) == w.proofB && _word(1280) == w.claimB);
    }

    function check_unlock_by_a_stranger_needs_the_receivers_consent(Words memory w, Opened memory o) external {
        (bool ok,) = _call(w, _unlock(w, o));
        assert(!ok);
    }

    function check_CONTROL_postLocks_never_works(Words memory w, Posting memory p) external {
        (bool ok,) = _call(w, _post(p));
        assert(!ok);
    }

    function check_CONTROL_unlock_never_works(Words memory w, Opened memory o) external {
        (bool ok,) = _callAs(B, w, _unlock(w, o));
        assert(!ok);
    }

    function check_CONTROL_unlock_changes_nothing(Words memory w, Opened memory o) external {
        (bool ok,) = _callAs(B, w, _unlock(w, o));
        assert(!ok || _word(768) == w.claimA);
    }

    function _post(Posting memory p) private returns (bytes memory) {
        IChannelHubTypes.LockProof memory proof =
            IChannelHubTypes.LockProof(p.amount, p.nonce, p.locked, p.lastExpiry, p.root, _signature("S"));
        return abi.encodeCall(hub.postLocks, (_key(), false, proof, _signature("R")));
    }

    /// @dev The lock is the only one of the direction's claim. The claimed amount never exceeds the limit, because
    /// posting begins below it.
    function _unlock(Words memory w, Opened memory o) private returns (bytes memory) {
        vm.assume(w.claimA & Slots.MASK112 <= o.limit && o.limit <= Slots.MASK112);
        bytes32 id = keccak256(abi.encode(keccak256("layer2.virtual"), PAYER, B, o.salt));
        bytes memory lock = abi.encodePacked(o.amount, o.expiry, uint8(1), id);
        w.proofA = (w.proofA & ~Slots.MASK208) | Slots.fingerprint(o.limit, keccak256(lock));
        bytes memory resolution = bytes.concat(abi.encodePacked(PAYER, B, o.salt, o.worth), _signature("V"));
        bytes memory opening = abi.encodePacked(uint8(0), lock, uint16(0), uint24(resolution.length), resolution);
        return abi.encodeCall(hub.unlock, (_key(), false, o.limit, opening, new bytes32[](0)));
    }
}
